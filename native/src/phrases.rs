//! Phrases, all at once: what `stream/matching/phrases.py` finds by an automaton, found by a trie.
//!
//! Text and phrases are strings of one character a word, so a phrase is a path of few steps. At each word of a text those
//! that begin there are followed as far as they go (Fredkin, "Trie memory", 1960). An automaton takes one step a byte
//! whatever the phrases are, each of them into another part of memory; most ways into a trie end after a word or two, and
//! none goes on for longer than the longest phrase.

use pyo3::prelude::*;

use crate::steps::{key, Entry, Step, Steps, GOES_ON, NONE, NOWHERE};
use crate::table::Filled;

/// The phrases of a rule set as strings of one character a word.
#[pyclass(frozen, module = "redline_native")]
pub struct Phrases {
    /// The first step, by the code of the character.
    firsts: Vec<Step>,
    further: Steps,
}

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

/// The number of each phrase found, its first token, and the one behind its last, in the order of the ends.
#[pyclass(frozen, module = "redline_native")]
pub struct Found(pub Vec<(u32, u32, u32)>);

#[pymethods]
impl Found {
    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// All of them.
    fn all(&self) -> Vec<(u32, u32, u32)> {
        self.0.clone()
    }

    /// The numbers of those that are some tokens: the first of these, and the one behind the last.
    fn at(&self, start: u32, end: u32) -> Vec<u32> {
        let low = self.0.partition_point(|each| (each.2, each.1) < (end, start));
        self.0[low..].iter().take_while(|each| (each.2, each.1) == (end, start)).map(|each| each.0).collect()
    }

    /// Their numbers.
    fn numbers(&self) -> Vec<u32> {
        self.0.iter().map(|each| each.0).collect()
    }
}
