//! Phrases, all at once: see `stream/matching/phrases.py`, and Aho and Corasick, "Efficient string matching: an aid to
//! bibliographic search", 1975.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// The phrases of a rule set as strings of one character a word.
#[pyclass(frozen, module = "redline_native")]
pub struct Phrases(AhoCorasick);

#[pymethods]
impl Phrases {
    #[new]
    fn new(patterns: Vec<String>) -> PyResult<Self> {
        // Without a scan for rare bytes: nearly every character here begins some phrase.
        AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .prefilter(false)
            .build(patterns)
            .map(Phrases)
            .map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// All phrases in a text of one character a token.
    fn find(&self, encoded: &str) -> Found {
        let mut found = Vec::new();
        let bytes = encoded.as_bytes();
        let (mut passed, mut position) = (0, 0u32);
        for each in self.0.find_overlapping_iter(encoded) {
            // Matches come in the order of their ends.
            position += characters(&bytes[passed..each.end()]);
            passed = each.end();
            let length = characters(&bytes[each.start()..each.end()]);
            found.push((each.pattern().as_u32(), position - length, position));
        }
        Found(found)
    }
}

/// The number of each phrase found, its first token, and the one behind its last, in the order of the ends.
#[pyclass(frozen, module = "redline_native")]
pub struct Found(Vec<(u32, u32, u32)>);

#[pymethods]
impl Found {
    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// All of them.
    fn all(&self) -> Vec<(u32, u32, u32)> {
        self.0.clone()
    }

    /// Their numbers.
    fn numbers(&self) -> Vec<u32> {
        self.0.iter().map(|each| each.0).collect()
    }
}

/// What stands for each phrase: an index of it, or several of them.
#[pyclass(frozen, module = "redline_native")]
pub struct Alone {
    indices: Vec<Box<[u32]>>,
}

#[pymethods]
impl Alone {
    /// `indices` by the number of a phrase.
    #[new]
    fn new(indices: Vec<Vec<u32>>) -> Self {
        Alone { indices: indices.into_iter().map(Vec::into_boxed_slice).collect() }
    }

    /// The indices of phrases found in which nothing may end, ascending, and those phrases in which something may, as
    /// far as they have an index that is not among these. For each token `may_end` is 1 if a sentence may end behind it.
    fn held(&self, found: &Found, may_end: &[u8]) -> (Vec<u32>, Vec<(u32, u32, u32)>) {
        let mut held = Vec::with_capacity(found.0.len());
        let mut others = Vec::new();
        for &(number, start, end) in &found.0 {
            let Some(indices) = self.indices.get(number as usize) else { continue };
            // What there are no signs of is looked at as well.
            if may_end.get(start as usize..end as usize - 1).is_none_or(|signs| signs.contains(&1)) {
                others.push((number, start, end));
            } else {
                held.extend_from_slice(indices);
            }
        }
        held.sort_unstable();
        held.dedup();
        others.retain(|&(number, _, _)| {
            self.indices[number as usize].iter().any(|index| held.binary_search(index).is_err())
        });
        (held, others)
    }
}

fn characters(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|&&byte| byte & 0xc0 != 0x80).count() as u32
}
