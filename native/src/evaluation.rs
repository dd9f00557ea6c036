//! An article under evaluation, as Python asks it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use hashbrown::{HashMap, HashSet};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use rustc_hash::FxBuildHasher;

use crate::asking::{Article, Asking, ByNumber, Found, Window};
use crate::nodes::Node;
use crate::phrases;
use crate::spans::{Pairs, Span};
use crate::table::Filled;

/// An article under evaluation. What is not known of it is asked of `text`, a `stream.matching.text.Text`, which every
/// call is given: it holds this, so this must not hold it.
#[pyclass(frozen, module = "redline_native")]
pub struct Evaluation {
    article: Arc<Article>,
    /// Of each position whether it is masked; empty if none is.
    masked: Box<[bool]>,
    found: Mutex<Found>,
}

/// The slots of phrases, by the numbers of these.
#[pyclass(frozen, module = "redline_native")]
pub struct PhraseSlots(Vec<Vec<u32>>);

#[pymethods]
impl PhraseSlots {
    #[new]
    fn new(slots: Vec<Vec<u32>>) -> Self {
        PhraseSlots(slots)
    }
}

#[pymethods]
impl Evaluation {
    /// An article that fills some of `count` slots: those of its tokens, of the phrases `found`, and of `keys`.
    #[new]
    fn new(
        filled: Py<Filled>,
        found: Option<PyRef<'_, phrases::Found>>,
        slots_of: &PhraseSlots,
        keys: Vec<u32>,
        count: usize,
        title_end: u32,
        end: u32,
    ) -> Self {
        let mut slots: Box<[AtomicBool]> = std::iter::repeat_with(AtomicBool::default).take(count).collect();
        filled.get().each_slot(|slot| *slots[slot as usize].get_mut() = true);
        keys.iter().for_each(|&slot| *slots[slot as usize].get_mut() = true);
        let mut phrases: ByNumber<Vec<(u32, u32)>> = ByNumber::default();
        for &(number, first, behind) in found.iter().flat_map(|found| &found.0) {
            for &slot in &slots_of.0[number as usize] {
                *slots[slot as usize].get_mut() = true;
                phrases.entry(slot).or_default().push((first, behind - 1));
            }
        }
        let (sentences, paragraphs) = (OnceLock::new(), OnceLock::new());
        let article = Article { filled, slots, phrases, title_end, end, sentences, paragraphs };
        Evaluation { article: Arc::new(article), masked: Box::default(), found: Mutex::default() }
    }

    /// The same article with some positions masked.
    fn without(&self, positions: Vec<u32>) -> Evaluation {
        let mut masked = vec![false; self.article.end as usize].into_boxed_slice();
        for position in positions {
            masked[position as usize] = true;
        }
        Evaluation { article: self.article.clone(), masked, found: Mutex::default() }
    }

    /// Let it fill more slots.
    fn fill(&self, slots: Vec<u32>) {
        for slot in slots {
            self.article.slots[slot as usize].store(true, Relaxed);
        }
    }

    /// Whether a node holds in the article.
    fn holds(&self, node: &Node, text: &Bound<'_, PyAny>) -> PyResult<bool> {
        let mut found = self.take();
        let held = self.asking(&mut found, text).holds(&node.0, self.whole());
        self.keep(found);
        held
    }

    /// What a node finds in the article, in reading order, each once; None if it does not hold. Of more than `count`
    /// places, only what begins at the first `count`.
    ///
    /// A span is its first and last position (-1: no words), the number of its node, and the pairs behind it or None.
    #[pyo3(signature = (node, text, count=None))]
    fn find(&self, node: &Node, text: &Bound<'_, PyAny>, count: Option<usize>) -> PyResult<Option<Py<PyList>>> {
        let mut found = self.take();
        let mut spans = Vec::new();
        if !self.asking(&mut found, text).find(&node.0, self.whole(), &mut spans)? {
            self.keep(found);
            return Ok(None);
        }
        spans.sort_unstable();
        spans.dedup();
        let (mut places, mut kept) = (0, 0);
        for same in spans.chunk_by(|one, other| one.first() == other.first()) {
            if count.is_some_and(|count| places >= count) {
                break;
            }
            places += 1;
            kept += same.len();
        }
        let mut known = Known::default();
        let shown: Vec<_> = spans[..kept]
            .iter()
            .map(|span| shown(text.py(), span, &found.pairs, &mut known))
            .collect::<PyResult<_>>()?;
        self.keep(found);
        Ok(Some(PyList::new(text.py(), shown)?.unbind()))
    }

    /// The positions of the words at the leaves of all that a node finds in the article.
    fn leaves(&self, node: &Node, text: &Bound<'_, PyAny>) -> PyResult<Vec<u32>> {
        let mut found = self.take();
        let mut spans = Vec::new();
        self.asking(&mut found, text).find(&node.0, self.whole(), &mut spans)?;
        let mut positions = BTreeSet::new();
        let mut seen = HashSet::default();
        spans.iter().for_each(|span| add_leaves(span, &found.pairs, &mut positions, &mut seen));
        self.keep(found);
        Ok(positions.into_iter().collect())
    }
}

impl Evaluation {
    /// No lock is held while Python may run: who comes in between knows nothing yet, and finds the same.
    fn take(&self) -> Found {
        std::mem::take(&mut *self.found.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn keep(&self, found: Found) {
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }

    fn whole(&self) -> Window {
        Window { start: 0, end: self.article.end.into(), title: true, body: true }
    }

    fn asking<'a, 'py>(&'a self, found: &'a mut Found, text: &'a Bound<'py, PyAny>) -> Asking<'a, 'py> {
        Asking { article: &self.article, masked: &self.masked, whole: self.whole(), found, text }
    }
}

/// Intervals as they are shown. One may stand in several pairs of another, at each level of NEARs in NEARs.
type Known<'py> = HashMap<Span, Bound<'py, PyTuple>, FxBuildHasher>;

fn shown<'py>(py: Python<'py>, span: &Span, pairs: &Pairs, known: &mut Known<'py>) -> PyResult<Bound<'py, PyTuple>> {
    let (from, to) = span.pairs;
    if from == to {
        return (span.first(), span.last(), span.node, py.None()).into_pyobject(py);
    }
    if let Some(known) = known.get(span) {
        return Ok(known.clone());
    }
    let behind: Vec<_> = pairs[from as usize..to as usize]
        .iter()
        .map(|(left, right)| Ok((shown(py, left, pairs, known)?, shown(py, right, pairs, known)?)))
        .collect::<PyResult<_>>()?;
    let made = (span.first(), span.last(), span.node, behind).into_pyobject(py)?;
    known.insert(*span, made.clone());
    Ok(made)
}

fn add_leaves(span: &Span, pairs: &Pairs, positions: &mut BTreeSet<u32>, seen: &mut HashSet<Span, FxBuildHasher>) {
    let (from, to) = span.pairs;
    if from == to {
        if span.is_text() {
            positions.extend(span.first() as u32..=span.last() as u32);
        }
        return;
    }
    if !seen.insert(*span) {
        return;
    }
    for (left, right) in &pairs[from as usize..to as usize] {
        add_leaves(left, pairs, positions, seen);
        add_leaves(right, pairs, positions, seen);
    }
}
