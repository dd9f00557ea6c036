//! Phrases, all at once: what `stream/matching/phrases.py` finds by an automaton, found by a trie.
//!
//! Text and phrases are strings of one character a word, so a phrase is a path of few steps. At each word of a text those
//! that begin there are followed as far as they go (Fredkin, "Trie memory", 1960). An automaton takes one step a byte
//! whatever the phrases are, each of them into another part of memory; most ways into a trie end after a word or two, and
//! none goes on for longer than the longest phrase.

use hashbrown::HashMap;
use pyo3::prelude::*;
use rustc_hash::FxBuildHasher;

/// The phrases of a rule set as strings of one character a word.
#[pyclass(frozen, module = "redline_native")]
pub struct Phrases {
    /// The first step, by the code of the character.
    firsts: Vec<Step>,
    /// Others, by the node before (upper half) and the code.
    steps: HashMap<u64, Step, FxBuildHasher>,
}

/// A step to a node. Of what ends there the number, or NONE.
#[derive(Clone, Copy)]
struct Step {
    node: u32,
    ends: u32,
}

const NONE: u32 = u32::MAX;
/// Set in a node from which further steps go.
const GOES_ON: u32 = 1 << 31;
const NOWHERE: Step = Step { node: 0, ends: NONE };

#[pymethods]
impl Phrases {
    #[new]
    fn new(patterns: Vec<String>) -> Self {
        let mut firsts = vec![NOWHERE; 1];
        let mut steps: HashMap<u64, Step, FxBuildHasher> = HashMap::default();
        let mut nodes = 0;
        let mut codes = Vec::new();
        for (number, pattern) in patterns.iter().enumerate() {
            codes.clear();
            codes.extend(pattern.chars().map(u32::from));
            let mut before: Option<u64> = None;
            for (index, &code) in codes.iter().enumerate() {
                let step = match before {
                    None => {
                        if firsts.len() <= code as usize {
                            firsts.resize(code as usize + 1, NOWHERE);
                        }
                        &mut firsts[code as usize]
                    }
                    Some(node) => steps.entry(node << 32 | u64::from(code)).or_insert(NOWHERE),
                };
                if step.node == 0 {
                    nodes += 1;
                    step.node = nodes;
                }
                if index + 1 == codes.len() {
                    step.ends = number as u32;
                } else {
                    step.node |= GOES_ON;
                }
                before = Some(u64::from(step.node & !GOES_ON));
            }
        }
        steps.shrink_to_fit();
        Phrases { firsts, steps }
    }

    /// All phrases in a text of one character a token.
    fn find(&self, encoded: &str) -> Found {
        let codes: Vec<u32> = encoded.chars().map(u32::from).collect();
        let mut found = Vec::new();
        for (start, &code) in codes.iter().enumerate() {
            let Some(&(mut step)) = self.firsts.get(code as usize) else { continue };
            let mut end = start + 1;
            loop {
                if step.ends != NONE {
                    found.push((step.ends, start as u32, end as u32));
                }
                if step.node & GOES_ON == 0 {
                    break;
                }
                let Some(&code) = codes.get(end) else { break };
                let Some(&next) = self.steps.get(&(u64::from(step.node & !GOES_ON) << 32 | u64::from(code))) else {
                    break;
                };
                step = next;
                end += 1;
            }
        }
        found.sort_unstable_by_key(|&(_, start, end)| (end, start));
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
    /// By the number of a phrase its index; if it has not one, where the others are, with SEVERAL set.
    indices: Vec<u32>,
    others: Vec<Box<[u32]>>,
}

const SEVERAL: u32 = 1 << 31;

#[pymethods]
impl Alone {
    /// `indices` by the number of a phrase.
    #[new]
    fn new(indices: Vec<Vec<u32>>) -> Self {
        let mut others = Vec::new();
        let indices = indices
            .into_iter()
            .map(|indices| match indices.as_slice() {
                &[index] => index,
                _ => {
                    others.push(indices.into_boxed_slice());
                    (others.len() as u32 - 1) | SEVERAL
                }
            })
            .collect();
        Alone { indices, others }
    }

    /// The indices of phrases found in which nothing may end, ascending, and those phrases in which something may, as
    /// far as they have an index that is not among these. For each token `may_end` is 1 if a sentence may end behind it.
    fn held(&self, found: &Found, may_end: &[u8]) -> (Vec<u32>, Vec<(u32, u32, u32)>) {
        let mut held = Vec::with_capacity(found.0.len());
        let mut others = Vec::new();
        for &(number, start, end) in &found.0 {
            let Some(indices) = self.of(number) else { continue };
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
            self.of(number).is_some_and(|indices| indices.iter().any(|index| held.binary_search(index).is_err()))
        });
        (held, others)
    }
}

impl Alone {
    fn of(&self, number: u32) -> Option<&[u32]> {
        let index = self.indices.get(number as usize)?;
        Some(if index & SEVERAL == 0 { std::slice::from_ref(index) } else { &self.others[(index & !SEVERAL) as usize] })
    }
}
