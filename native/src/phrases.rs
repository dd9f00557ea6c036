//! Phrases, all at once: what `stream/matching/phrases.py` finds by an automaton, found by a trie.
//!
//! Text and phrases are strings of one character a word, so a phrase is a path of few steps. At each word of a text those
//! that begin there are followed as far as they go (Fredkin, "Trie memory", 1960). An automaton takes one step a byte
//! whatever the phrases are, each of them into another part of memory; most ways into a trie end after a word or two, and
//! none goes on for longer than the longest phrase.

use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::table::Filled;
use crate::words::Words;

/// The phrases of a rule set as strings of one character a word.
#[pyclass(frozen, module = "redline_native")]
pub struct Phrases {
    /// The first step, by the code of the character.
    firsts: Vec<Step>,
    further: Steps,
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
        let mut phrases = Phrases { firsts: vec![NOWHERE; 1], further: Steps::new() };
        let mut nodes = 0;
        for (number, pattern) in patterns.iter().enumerate() {
            let mut characters = pattern.chars().map(u32::from).peekable();
            let mut before = None;
            while let Some(code) = characters.next() {
                let step = phrases.step(before, code);
                if step.node == 0 {
                    nodes += 1;
                    step.node = nodes;
                }
                if characters.peek().is_none() {
                    step.ends = number as u32;
                } else {
                    step.node |= GOES_ON;
                }
                before = Some(*step);
            }
        }
        phrases
    }

    /// All phrases in a text of one character a token.
    fn find(&self, encoded: &str) -> Found {
        self.find_codes(&encoded.chars().map(u32::from).collect::<Vec<_>>())
    }

    /// The same in a text whose tokens are known by a table.
    fn find_in(&self, filled: &Filled) -> Found {
        self.find_codes(&filled.characters)
    }
}

/// A step of a text into the trie, and the token before which the next one goes.
struct Way {
    start: u32,
    end: u32,
    step: Step,
}

impl Phrases {
    fn step(&mut self, before: Option<Step>, code: u32) -> &mut Step {
        let Some(before) = before else {
            if self.firsts.len() <= code as usize {
                self.firsts.resize(code as usize + 1, NOWHERE);
            }
            return &mut self.firsts[code as usize];
        };
        self.further.entry(key(before, code))
    }

    /// All ways go on together, a token at a time: each looks at another part of a large memory, and what many of them
    /// ask of it at once takes little more time than what one asks.
    fn find_codes(&self, codes: &[u32]) -> Found {
        let mut found = Vec::new();
        let mut ways: Vec<Way> = Vec::with_capacity(codes.len());
        for (start, &code) in codes.iter().enumerate() {
            let step = self.firsts.get(code as usize).copied().unwrap_or(NOWHERE);
            if step.ends != NONE {
                found.push((step.ends, start as u32, start as u32 + 1));
            }
            if step.node & GOES_ON != 0 && start + 1 < codes.len() {
                ways.push(Way { start: start as u32, end: start as u32 + 1, step });
            }
        }
        let mut places: Vec<(u64, usize, Entry)> = Vec::with_capacity(ways.len());
        while !ways.is_empty() {
            places.clear();
            places.extend(ways.iter().map(|way| {
                let key = key(way.step, codes[way.end as usize]);
                let place = self.further.place(key);
                (key, place, self.further.entries[place])
            }));
            let mut passed = 0;
            for (index, &(key, place, entry)) in places.iter().enumerate() {
                let step = if entry.key == key { entry.step } else { self.further.behind(key, place, entry) };
                let Way { start, end, .. } = ways[index];
                let end = end + 1;
                if step.ends != NONE {
                    found.push((step.ends, start, end));
                }
                if step.node & GOES_ON != 0 && (end as usize) < codes.len() {
                    ways[passed] = Way { start, end, step };
                    passed += 1;
                }
            }
            ways.truncate(passed);
        }
        found.sort_unstable_by_key(|&(_, start, end)| u64::from(end) << 32 | u64::from(start));
        Found(found)
    }
}

/// The node before (upper half) and the code of the character. It is never 0, for nodes have numbers from 1.
fn key(before: Step, code: u32) -> u64 {
    u64::from(before.node & !GOES_ON) << 32 | u64::from(code)
}

/// Steps by their keys: an entry is a single place to look at (open addressing with linear probing; Knuth, "The Art of
/// Computer Programming", volume 3, section 6.4).
struct Steps {
    entries: Vec<Entry>,
    count: usize,
}

#[derive(Clone, Copy)]
struct Entry {
    /// 0 where there is none.
    key: u64,
    step: Step,
}

const VACANT: Entry = Entry { key: 0, step: NOWHERE };

impl Steps {
    fn new() -> Self {
        Steps { entries: vec![VACANT; 2], count: 0 }
    }

    /// Where a key would stand if nothing else did. There are 2^n places, 2 at least.
    fn place(&self, key: u64) -> usize {
        // The upper bits of a product depend on all bits of both (Fibonacci hashing, the same section).
        (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - self.entries.len().trailing_zeros())) as usize
    }

    /// The step of a key that is not the one in its place; NOWHERE if there is none.
    fn behind(&self, key: u64, mut place: usize, mut entry: Entry) -> Step {
        while entry.key != 0 {
            if entry.key == key {
                return entry.step;
            }
            place = (place + 1) & (self.entries.len() - 1);
            entry = self.entries[place];
        }
        NOWHERE
    }

    /// The step of a key, NOWHERE at first.
    fn entry(&mut self, key: u64) -> &mut Step {
        if (self.count + 1) * 2 > self.entries.len() {
            let grown = vec![VACANT; self.entries.len() * 2];
            for entry in std::mem::replace(&mut self.entries, grown) {
                if entry.key != 0 {
                    let place = self.free_or(entry.key);
                    self.entries[place] = entry;
                }
            }
        }
        let place = self.free_or(key);
        let entry = &mut self.entries[place];
        if entry.key == 0 {
            self.count += 1;
            entry.key = key;
        }
        &mut entry.step
    }

    /// Where a key stands, or may be put.
    fn free_or(&self, key: u64) -> usize {
        let mut place = self.place(key);
        while self.entries[place].key != 0 && self.entries[place].key != key {
            place = (place + 1) & (self.entries.len() - 1);
        }
        place
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

/// Objects by their indices. Of very many those that are wanted are all over the memory.
#[pyclass(frozen, module = "redline_native")]
pub struct Objects(Vec<Py<PyAny>>);

#[pymethods]
impl Objects {
    #[new]
    fn new(objects: Vec<Py<PyAny>>) -> Self {
        Objects(objects)
    }

    /// Those with some indices.
    fn at(&self, py: Python<'_>, indices: Vec<u32>) -> PyResult<Py<PyList>> {
        // Where they are is looked up first, and then all of them are touched in a row: a processor goes on to the next
        // while the memory still looks for one.
        let objects: Vec<_> = indices.iter().map(|&index| &self.0[index as usize]).collect();
        Ok(PyList::new(py, objects)?.unbind())
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
    fn held(&self, found: &Found, may_end: &[u8]) -> Told {
        self.told(found, may_end)
    }

    /// The same for some texts, one after the other, with what `Words.stops` says.
    fn held_in(&self, found: &Found, parts: Vec<PyRef<'_, Words>>, may_stop: &Bound<'_, PyAny>) -> PyResult<Told> {
        let py = may_stop.py();
        if let [only] = parts.as_slice() {
            return Ok(self.told(found, only.stops_found(py, may_stop)?.map_or(&[], |stops| &stops.may_end)));
        }
        let mut may_end = Vec::new();
        for part in &parts {
            // Something always ends between two of them.
            if let Some(last) = may_end.last_mut() {
                *last = 1;
            }
            match part.stops_found(py, may_stop)? {
                Some(stops) => may_end.extend_from_slice(&stops.may_end),
                None => may_end.resize(may_end.len() + part.numbers.len(), 1),
            }
        }
        Ok(self.told(found, &may_end))
    }
}

/// Indices, and phrases of which more has to be known.
type Told = (Vec<u32>, Vec<(u32, u32, u32)>);

impl Alone {
    fn told(&self, found: &Found, may_end: &[u8]) -> Told {
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

    fn of(&self, number: u32) -> Option<&[u32]> {
        let index = self.indices.get(number as usize)?;
        Some(if index & SEVERAL == 0 { std::slice::from_ref(index) } else { &self.others[(index & !SEVERAL) as usize] })
    }
}
