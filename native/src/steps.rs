//! The steps of a trie, in one table for all of its nodes.

/// A step to a node. Of what ends there the number, or NONE.
#[derive(Clone, Copy)]
pub struct Step {
    pub node: u32,
    pub ends: u32,
}

pub const NONE: u32 = u32::MAX;
/// Set in a node from which further steps go.
pub const GOES_ON: u32 = 1 << 31;
pub const NOWHERE: Step = Step { node: 0, ends: NONE };

/// The node before (upper half) and the code of the character. It is never 0, for nodes have numbers from 1.
pub fn key(before: Step, code: u32) -> u64 {
    u64::from(before.node & !GOES_ON) << 32 | u64::from(code)
}

/// Steps by their keys: an entry is a single place to look at (open addressing with linear probing; Knuth, "The Art of
/// Computer Programming", volume 3, section 6.4).
pub struct Steps {
    pub entries: Vec<Entry>,
    count: usize,
}

#[derive(Clone, Copy)]
pub struct Entry {
    /// 0 where there is none.
    pub key: u64,
    pub step: Step,
}

const VACANT: Entry = Entry { key: 0, step: NOWHERE };

impl Steps {
    pub fn new() -> Self {
        Steps { entries: vec![VACANT; 2], count: 0 }
    }

    /// Where a key would stand if nothing else did. There are 2^n places, 2 at least.
    pub fn place(&self, key: u64) -> usize {
        // The upper bits of a product depend on all bits of both (Fibonacci hashing, the same section).
        (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - self.entries.len().trailing_zeros())) as usize
    }

    /// The step of a key that is not the one in its place; NOWHERE if there is none.
    pub fn behind(&self, key: u64, mut place: usize, mut entry: Entry) -> Step {
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
    pub fn entry(&mut self, key: u64) -> &mut Step {
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
