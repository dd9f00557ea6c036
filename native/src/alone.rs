//! Rules that are a single phrase: which of them hold where some phrases were found.

use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::phrases::Found;
use crate::words::Words;

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
