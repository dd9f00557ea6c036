//! What the tokens of a text mean to a set of rules: the character of each, the slots that it fills and their bits.
//! `stream/matching/vocabulary.py` says what these are.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use hashbrown::HashMap;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyInt, PySet, PyString};

use crate::known::Memory;
use crate::words::Words;

/// What was learned about the tokens of one memory.
#[pyclass(frozen, module = "redline_native")]
#[derive(Default)]
pub struct Table {
    current: Mutex<Arc<Learned>>,
}

#[derive(Default)]
struct Learned {
    memory: Memory,
    tokens: Mutex<Tokens>,
}

/// All by the numbers of tokens but `of_slot`.
#[derive(Default)]
struct Tokens {
    /// The code of each token's character, with FILLS set if it fills slots; UNKNOWN if it was not learned. Of a text all
    /// of these are looked at, of `fills` a few.
    characters: Vec<u32>,
    fills: Vec<Fills>,
    of_slot: HashMap<u32, Vec<u32>>,
}

const FILLS: u32 = 1 << 31;
const UNKNOWN: u32 = u32::MAX;

#[derive(Clone, Default)]
struct Fills {
    slots: Box<[u32]>,
    bits: Box<[u32]>,
}

impl Learned {
    fn lock(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Table {
    #[new]
    fn new() -> Self {
        Table::default()
    }

    /// The tokens of some texts, one after the other, by what `learn` says of each: its character, the slots that it
    /// fills, and their bits, of which there are `bits`. `learn` is not kept, for what it holds holds this. None if the
    /// texts were not read with the same memory.
    fn fill(&self, parts: Vec<PyRef<'_, Words>>, bits: usize, learn: &Bound<'_, PyAny>) -> PyResult<Option<Filled>> {
        let Some(first) = parts.first() else { return Ok(None) };
        if parts.iter().any(|part| !part.memory.is(&first.memory)) {
            return Ok(None);
        }
        let numbers: Vec<u32> = match parts.as_slice() {
            [only] => only.numbers.clone(),
            _ => parts.iter().flat_map(|part| part.numbers.iter().copied()).collect(),
        };
        let learned = self.of(&first.memory);
        learn_all(&learned, &numbers, learn)?;
        let mut characters = Vec::with_capacity(numbers.len());
        let mut met = vec![0u64; bits.div_ceil(64)];
        let mut filling = Vec::new();
        {
            let tokens = learned.lock();
            for (position, &number) in numbers.iter().enumerate() {
                let character = tokens.characters[number as usize];
                characters.push(character & !FILLS);
                if character & FILLS != 0 {
                    filling.push((number, position as u32));
                }
            }
            filling.sort_unstable();
            for (index, &(number, _)) in filling.iter().enumerate() {
                if index > 0 && filling[index - 1].0 == number {
                    continue;
                }
                for &bit in &tokens.fills[number as usize].bits {
                    met[bit as usize / 64] |= 1 << (bit % 64);
                }
            }
        }
        Ok(Some(Filled { learned, characters, met, filling, paragraph_lasts: OnceLock::new() }))
    }
}

impl Table {
    fn of(&self, memory: &Memory) -> Arc<Learned> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if !current.memory.is(memory) {
            *current = Arc::new(Learned { memory: memory.clone(), ..Learned::default() });
        }
        current.clone()
    }
}

fn learn_all(learned: &Learned, numbers: &[u32], learn: &Bound<'_, PyAny>) -> PyResult<()> {
    let unknown: Vec<(u32, Py<PyString>)> = {
        let known = learned.memory.lock();
        let mut tokens = learned.lock();
        if tokens.characters.len() < known.size() {
            tokens.characters.resize(known.size(), UNKNOWN);
            tokens.fills.resize_with(known.size(), Fills::default);
        }
        let mut unknown: Vec<u32> =
            numbers.iter().copied().filter(|&number| tokens.characters[number as usize] == UNKNOWN).collect();
        unknown.sort_unstable();
        unknown.dedup();
        unknown.into_iter().map(|number| (number, known.token(learn.py(), number))).collect()
    };
    for (number, token) in unknown {
        let (character, mut slots, bits): (char, Vec<u32>, Vec<u32>) = learn.call1((token,))?.extract()?;
        slots.sort_unstable();
        let mut tokens = learned.lock();
        // Another thread may have learned it.
        if tokens.characters[number as usize] == UNKNOWN {
            for &slot in &slots {
                tokens.of_slot.entry(slot).or_default().push(number);
            }
            tokens.characters[number as usize] = u32::from(character) | if slots.is_empty() { 0 } else { FILLS };
            tokens.fills[number as usize] = Fills { slots: slots.into(), bits: bits.into() };
        }
    }
    Ok(())
}

/// A text's tokens, and which of them fill slots.
#[pyclass(frozen, module = "redline_native")]
pub struct Filled {
    learned: Arc<Learned>,
    /// The codes of the tokens' characters.
    pub characters: Vec<u32>,
    /// The bits of all slots that tokens fill, the first one being that of 1 in the first word.
    pub met: Vec<u64>,
    /// Tokens that fill slots, each with a position, ascending.
    filling: Vec<(u32, u32)>,
    /// Where paragraphs end, once it was asked.
    paragraph_lasts: OnceLock<Vec<u32>>,
}

#[pymethods]
impl Filled {
    /// The tokens that fill slots.
    fn tokens(&self, py: Python<'_>) -> PyResult<Py<PySet>> {
        let tokens: Vec<_> = {
            let known = self.learned.memory.lock();
            self.filling.iter().map(|&(number, _)| known.token(py, number)).collect()
        };
        Ok(PySet::new(py, tokens)?.unbind())
    }

    /// The bits of all slots that tokens fill.
    fn met(&self, py: Python<'_>) -> PyResult<Py<PyInt>> {
        integer(py, &self.met.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>())
    }

    /// For each of `count` slots 1 if a token fills it, else 0.
    fn slots(&self, py: Python<'_>, count: usize) -> Py<PyByteArray> {
        let mut filled = vec![0u8; count];
        self.each_slot(|slot| filled[slot as usize] = 1);
        PyByteArray::new(py, &filled).unbind()
    }

    /// The positions of all tokens that fill a slot, as a set of bits.
    fn positions(&self, py: Python<'_>, slot: u32) -> PyResult<Py<PyInt>> {
        let mut bits = vec![0u8; self.characters.len().div_ceil(8)];
        self.each_place(&self.learned.lock(), slot, |position| bits[position as usize / 8] |= 1 << (position % 8));
        integer(py, &bits)
    }

    /// Whether a token of one slot stands at most `distance` tokens before one of another, in the same paragraph; if not
    /// `ordered`, also the other way round. `lasts` gives the last positions of all paragraphs, ascending.
    fn are_near(
        &self,
        left: u32,
        right: u32,
        distance: u32,
        ordered: bool,
        lasts: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        let (mut lefts, mut rights) = (Vec::new(), Vec::new());
        {
            let tokens = self.learned.lock();
            self.each_place(&tokens, left, |position| lefts.push(position));
            if lefts.is_empty() {
                return Ok(false);
            }
            self.each_place(&tokens, right, |position| rights.push(position));
        }
        lefts.sort_unstable();
        rights.sort_unstable();
        let mut pairs = closest(&lefts, &rights, distance);
        if !ordered {
            pairs.append(&mut closest(&rights, &lefts, distance));
        }
        if pairs.is_empty() {
            return Ok(false);
        }
        let lasts = match self.paragraph_lasts.get() {
            Some(known) => known,
            None => {
                let found: Vec<u32> = lasts.call0()?.extract()?;
                self.paragraph_lasts.get_or_init(|| found)
            }
        };
        Ok(pairs.into_iter().any(|(first, last)| {
            // The first paragraph that ends with the first of them or behind it.
            lasts.get(lasts.partition_point(|&end| end < first)).is_none_or(|&end| end >= last)
        }))
    }
}

/// For each position with others at most `distance` before it, the closest of those and itself. Both ascend.
fn closest(befores: &[u32], behinds: &[u32], distance: u32) -> Vec<(u32, u32)> {
    let mut pairs = Vec::new();
    let mut passed = 0;
    for &behind in behinds {
        while befores.get(passed).is_some_and(|&before| before < behind) {
            passed += 1;
        }
        if passed > 0 && behind - befores[passed - 1] - 1 <= distance {
            pairs.push((befores[passed - 1], behind));
        }
    }
    pairs
}

impl Filled {
    /// The slots that tokens fill, some of them more than once.
    pub fn each_slot(&self, mut add: impl FnMut(u32)) {
        let tokens = self.learned.lock();
        for same in self.filling.chunk_by(|one, other| one.0 == other.0) {
            tokens.fills[same[0].0 as usize].slots.iter().for_each(|&slot| add(slot));
        }
    }

    /// The positions of the tokens of a slot, ascending.
    pub fn places_of(&self, slot: u32) -> Vec<u32> {
        let mut places = Vec::new();
        self.each_place(&self.learned.lock(), slot, |position| places.push(position));
        places.sort_unstable();
        places
    }

    /// The positions of the tokens of a slot, in any order.
    fn each_place(&self, tokens: &Tokens, slot: u32, mut add: impl FnMut(u32)) {
        let of_slot = tokens.of_slot.get(&slot).map_or(&[][..], Vec::as_slice);
        // Those of the slot are looked for in the text, or those of the text in the slot, whichever are fewer.
        if of_slot.len() <= self.filling.len() {
            of_slot.iter().flat_map(|&number| self.places(number)).for_each(add);
        } else {
            for &(number, position) in &self.filling {
                if tokens.fills[number as usize].slots.binary_search(&slot).is_ok() {
                    add(position);
                }
            }
        }
    }

    fn places(&self, number: u32) -> impl Iterator<Item = u32> + '_ {
        let first = self.filling.partition_point(|&(other, _)| other < number);
        self.filling[first..].iter().take_while(move |&&(other, _)| other == number).map(|&(_, position)| position)
    }
}

/// A set of bits as an integer, the first bit being that of 1.
fn integer(py: Python<'_>, bits: &[u8]) -> PyResult<Py<PyInt>> {
    static FROM_BYTES: OnceLock<Py<PyAny>> = OnceLock::new();
    let from_bytes = match FROM_BYTES.get() {
        Some(known) => known,
        None => {
            let found = py.get_type::<PyInt>().getattr("from_bytes")?.unbind();
            FROM_BYTES.get_or_init(|| found)
        }
    };
    Ok(from_bytes.bind(py).call1((PyBytes::new(py, bits), pyo3::intern!(py, "little")))?.cast_into::<PyInt>()?.unbind())
}
