//! Which nodes have all of their bits: what `stream/matching/sieve.py` finds by operations on integers.

use pyo3::prelude::*;

use crate::table::Filled;

/// Layers of bits, one a node in each, and above them the layer of what shuts nodes. Each begins with a word.
#[pyclass(frozen, module = "redline_native")]
pub struct Sieve {
    indices: Vec<u32>,
    layers: usize,
    /// Of one layer.
    words: usize,
    /// The bits that need not be met.
    always: Vec<u64>,
}

#[pymethods]
impl Sieve {
    /// `always` has the bits of all layers, the first one being that of 1 in the first byte.
    #[new]
    fn new(indices: Vec<u32>, layers: usize, always: &[u8]) -> Self {
        Sieve { words: indices.len().div_ceil(64), indices, layers, always: words_of(always).collect() }
    }

    /// The indices of those nodes `among` some that have all of their bits, ascending; the text has `more` bits than
    /// those of its tokens.
    fn chosen(&self, filled: &Filled, more: Vec<u32>, among: &[u8]) -> Vec<u32> {
        let mut chosen = Vec::new();
        if more.is_empty() {
            self.list(&filled.met, among, &mut chosen);
        } else {
            let mut met = filled.met.clone();
            for bit in more {
                met[bit as usize / 64] |= 1 << (bit % 64);
            }
            self.list(&met, among, &mut chosen);
        }
        chosen
    }
}

impl Sieve {
    fn list(&self, met: &[u64], among: &[u8], chosen: &mut Vec<u32>) {
        for (word, mut left) in words_of(among).enumerate() {
            for layer in 0..self.layers {
                let index = layer * self.words + word;
                left &= met[index] | self.always[index];
            }
            let index = self.layers * self.words + word;
            left &= !(met[index] | self.always[index]);
            while left != 0 {
                chosen.push(self.indices[word * 64 + left.trailing_zeros() as usize]);
                left &= left - 1;
            }
        }
    }
}

fn words_of(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bytes.chunks_exact(8).map(|bytes| u64::from_le_bytes(bytes.try_into().expect("eight bytes")))
}
