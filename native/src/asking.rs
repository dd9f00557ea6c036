//! Nodes asked of an article: what the classes of `stream/matching/leaves.py`, `near.py` and `connect.py` do, with lists of
//! spans in place of sets of positions.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use pyo3::prelude::*;
use rustc_hash::FxBuildHasher;

use crate::nodes::{Asked, Kind, Near, Step, Unit};
use crate::spans::{count_apart, far, intervals, within, Pairs, Span, Units};
use crate::table::Filled;

pub type ByNumber<T> = hashbrown::HashMap<u32, T, FxBuildHasher>;

/// What an article is, masked or not.
pub struct Article {
    pub filled: Py<Filled>,
    pub slots: Box<[AtomicBool]>,
    /// First and last positions of phrases by slot.
    pub phrases: ByNumber<Vec<(u32, u32)>>,
    pub title_end: u32,
    pub end: u32,
    pub sentences: OnceLock<Units>,
    pub paragraphs: OnceLock<Units>,
}

/// By the numbers of nodes: the spans of local ones, and what others found in the whole article.
#[derive(Default)]
pub struct Found {
    pub local: ByNumber<Arc<[Span]>>,
    pub whole: ByNumber<Option<Arc<[Span]>>>,
    pub holds: ByNumber<bool>,
    pub pairs: Pairs,
}

/// First position, end (exclusive), and the fields it is in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub start: i64,
    pub end: i64,
    pub title: bool,
    pub body: bool,
}

const NOWHERE: Window = Window { start: 0, end: 0, title: false, body: false };

pub struct Asking<'a, 'py> {
    pub article: &'a Article,
    /// Of each position whether it is masked; empty if none is.
    pub masked: &'a [bool],
    pub whole: Window,
    pub found: &'a mut Found,
    pub text: &'a Bound<'py, PyAny>,
}

impl<'a> Asking<'a, '_> {
    /// Whether a node holds in a window.
    pub fn holds(&mut self, node: &Asked, window: Window) -> PyResult<bool> {
        if !self.is_possible(node) {
            return Ok(false);
        }
        if node.is_local() {
            let spans = self.spans(node)?;
            return Ok(within(&spans, window.start, window.end).next().is_some());
        }
        if window != self.whole {
            return self.holds_now(node, window);
        }
        if let Some(&known) = self.found.holds.get(&node.number) {
            return Ok(known);
        }
        let held = self.holds_now(node, window)?;
        self.found.holds.insert(node.number, held);
        Ok(held)
    }

    fn holds_now(&mut self, node: &Asked, window: Window) -> PyResult<bool> {
        match &node.kind {
            Kind::Key(_) => Ok(true),
            Kind::All(nodes) => {
                for each in nodes {
                    if !self.holds(each, window)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Kind::Some { count, nodes } => {
                let mut missing = *count;
                for each in nodes {
                    if missing < 1 {
                        break;
                    }
                    missing -= i64::from(self.holds(each, window)?);
                }
                Ok(missing < 1)
            }
            Kind::Absent(operand) => Ok(!self.holds(operand, window)?),
            Kind::Each { unit, operand } => {
                for part in self.parts(*unit, operand, window)? {
                    if self.holds(operand, part)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Kind::First { words, operand } => self.holds(operand, self.lead(window, *words)),
            Kind::Within { is_title, operand } => self.holds(operand, self.field(window, *is_title)),
            _ => self.find_now(node, window, &mut Vec::new()),
        }
    }

    /// Adds what a node finds in a window, and tells whether it holds.
    pub fn find(&mut self, node: &Asked, window: Window, spans: &mut Vec<Span>) -> PyResult<bool> {
        if !self.is_possible(node) {
            return Ok(false);
        }
        if node.is_local() {
            let before = spans.len();
            spans.extend(within(&self.spans(node)?, window.start, window.end));
            return Ok(spans.len() > before);
        }
        if window != self.whole {
            return self.find_now(node, window, spans);
        }
        if !self.found.whole.contains_key(&node.number) {
            let mut answer = Vec::new();
            let held = self.holds(node, window)? && self.find_now(node, window, &mut answer)?;
            self.found.whole.insert(node.number, held.then(|| answer.into()));
        }
        let known = &self.found.whole[&node.number];
        spans.extend(known.iter().flat_map(|known| known.iter()));
        Ok(known.is_some())
    }

    fn find_now(&mut self, node: &Asked, window: Window, spans: &mut Vec<Span>) -> PyResult<bool> {
        let before = spans.len();
        let held = match &node.kind {
            Kind::Key(_) => {
                spans.push(Span::nowhere(node.number));
                true
            }
            Kind::All(nodes) => {
                let mut held = true;
                for each in nodes {
                    held = self.find(each, window, spans)?;
                    if !held {
                        break;
                    }
                }
                held
            }
            Kind::Some { count, nodes } => {
                let mut missing = *count;
                for each in nodes {
                    missing -= i64::from(self.find(each, window, spans)?);
                }
                missing < 1
            }
            Kind::Absent(operand) => !self.holds(operand, window)?,
            Kind::Each { unit, operand } => {
                let mut held = false;
                for part in self.parts(*unit, operand, window)? {
                    held |= self.find(operand, part, spans)?;
                }
                held
            }
            Kind::First { words, operand } => self.find(operand, self.lead(window, *words), spans)?,
            Kind::Within { is_title, operand } => self.find(operand, self.field(window, *is_title), spans)?,
            Kind::Repeated { count, operand } => {
                self.find(operand, window, spans)? && count_apart(&spans[before..], self.article.title_end) >= *count
            }
            Kind::WindowNear { near, negated } => self.find_near(node.number, near, *negated, window, spans)?,
            _ => unreachable!("local nodes have spans"),
        };
        if !held {
            spans.truncate(before);
        }
        Ok(held)
    }

    fn find_near(
        &mut self,
        number: u32,
        near: &Near,
        negated: bool,
        window: Window,
        spans: &mut Vec<Span>,
    ) -> PyResult<bool> {
        let lefts = self.words(&near.left, window)?;
        if lefts.is_empty() {
            return Ok(false);
        }
        let rights = self.words(&near.right, window)?;
        let before = spans.len();
        let paragraphs = self.units(Unit::Paragraph)?;
        let pairs = &mut self.found.pairs;
        if negated {
            for left in far(near, &lefts, &rights, paragraphs) {
                let from = pairs.len() as u32;
                pairs.push((left, left));
                spans.push(left.of(number, (from, from + 1)));
            }
        } else {
            spans.extend(intervals(number, near, &lefts, &rights, paragraphs, pairs));
        }
        Ok(spans.len() > before)
    }

    /// The spans of words that a node finds in a window, ascending.
    fn words(&mut self, node: &Asked, window: Window) -> PyResult<Vec<Span>> {
        let mut spans = Vec::new();
        self.find(node, window, &mut spans)?;
        spans.retain(Span::is_text);
        spans.sort_unstable();
        Ok(spans)
    }

    fn is_possible(&self, node: &Asked) -> bool {
        node.required.iter().all(|&slot| self.article.slots[slot as usize].load(Relaxed))
    }

    fn lead(&self, window: Window, words: i64) -> Window {
        if !window.body {
            return NOWHERE;
        }
        let title_end = i64::from(self.article.title_end);
        let start = window.start.max(title_end);
        let end = window.end.min(title_end.saturating_add(words)).max(start);
        Window { start, end, title: false, body: true }
    }

    fn field(&self, window: Window, is_title: bool) -> Window {
        let title_end = i64::from(self.article.title_end);
        match is_title {
            true if window.title => Window { end: window.end.min(title_end), body: false, ..window },
            false if window.body => Window { start: window.start.max(title_end), title: false, ..window },
            _ => NOWHERE,
        }
    }

    /// The sentences or paragraphs of a window, as far as they are in it, in which a node could hold.
    fn parts(&mut self, unit: Unit, operand: &Asked, window: Window) -> PyResult<Vec<Window>> {
        let possible = self.possible(unit, operand)?;
        let title_end = i64::from(self.article.title_end);
        let units = self.units(unit)?;
        let low = units.lasts.partition_point(|&last| i64::from(last) < window.start);
        let mut start = if low == 0 { 0 } else { i64::from(units.lasts[low - 1]) + 1 };
        let mut parts = Vec::new();
        for (number, &last) in units.lasts.iter().enumerate().skip(low) {
            let (first, end) = (start, i64::from(last) + 1);
            if first >= window.end {
                break;
            }
            start = end;
            let title = first < title_end;
            let is_asked = if title { window.title } else { window.body };
            if is_asked && possible.as_ref().is_none_or(|possible| has(possible, number)) {
                let (first, end) = (first.max(window.start), end.min(window.end));
                parts.push(Window { start: first, end, title, body: !title });
            }
        }
        Ok(parts)
    }

    /// The numbers of those sentences or paragraphs in which a node could hold, as a set; None: all of them.
    fn possible(&mut self, unit: Unit, node: &Asked) -> PyResult<Option<Vec<u64>>> {
        if !self.is_possible(node) {
            return Ok(Some(Vec::new()));
        }
        if node.is_local() {
            let spans = self.spans(node)?;
            let units = self.units(unit)?;
            let mut set = vec![0u64; units.lasts.len().div_ceil(64)];
            for span in spans.iter().filter(|span| units.are_one(span.first(), span.last())) {
                let number = units.numbers[span.first() as usize];
                set[number as usize / 64] |= 1 << (number % 64);
            }
            return Ok(Some(set));
        }
        match &node.kind {
            Kind::All(nodes) => {
                let mut all: Option<Vec<u64>> = None;
                for each in nodes {
                    let Some(set) = self.possible(unit, each)? else { continue };
                    all = Some(match all {
                        None => set,
                        Some(all) => all.iter().zip(&set).map(|(one, other)| one & other).collect(),
                    });
                    if all.as_ref().is_some_and(|all| all.iter().all(|&word| word == 0)) {
                        break;
                    }
                }
                Ok(all)
            }
            Kind::Some { count, nodes } if *count > 0 => {
                let mut any = Vec::new();
                for each in nodes {
                    let Some(set) = self.possible(unit, each)? else { return Ok(None) };
                    if any.len() < set.len() {
                        any.resize(set.len(), 0);
                    }
                    any.iter_mut().zip(&set).for_each(|(one, other)| *one |= other);
                }
                Ok(Some(any))
            }
            Kind::WindowNear { near, negated } => {
                let left = self.possible(unit, &near.left)?;
                if *negated || left.is_some() {
                    return Ok(left);
                }
                self.possible(unit, &near.right)
            }
            Kind::Each { operand, .. }
            | Kind::First { operand, .. }
            | Kind::Within { operand, .. }
            | Kind::Repeated { operand, .. } => self.possible(unit, operand),
            _ => Ok(None),
        }
    }

    /// All spans of a local node, ascending.
    fn spans(&mut self, node: &Asked) -> PyResult<Arc<[Span]>> {
        if let Some(known) = self.found.local.get(&node.number) {
            return Ok(known.clone());
        }
        let spans: Arc<[Span]> = if self.is_possible(node) { self.spans_now(node)?.into() } else { Arc::default() };
        self.found.local.insert(node.number, spans.clone());
        Ok(spans)
    }

    fn spans_now(&mut self, node: &Asked) -> PyResult<Vec<Span>> {
        let mut spans = Vec::new();
        match &node.kind {
            Kind::Word(slot) => self.add_tokens(*slot, node.number, &mut spans),
            Kind::Phrase(slot) => self.add_phrases(*slot, node.number, &mut spans)?,
            Kind::Steps(sequences) => {
                for steps in sequences {
                    self.add_steps(steps, node.number, &mut spans)?;
                }
                spans.sort_unstable();
                spans.dedup();
            }
            Kind::LocalOr { words, phrases, others } => {
                if let Some(slot) = words {
                    self.add_tokens(*slot, node.number, &mut spans);
                }
                if let Some(slot) = phrases {
                    self.add_phrases(*slot, node.number, &mut spans)?;
                }
                for other in others {
                    spans.extend_from_slice(&self.spans(other)?);
                }
                spans.sort_unstable();
                spans.dedup();
            }
            Kind::LocalNear(near) => {
                let lefts = self.spans(&near.left)?;
                if !lefts.is_empty() {
                    let rights = self.spans(&near.right)?;
                    if !rights.is_empty() {
                        let paragraphs = self.units(Unit::Paragraph)?;
                        spans = intervals(node.number, near, &lefts, &rights, paragraphs, &mut self.found.pairs);
                    }
                }
            }
            _ => unreachable!("only local nodes have spans of their own"),
        }
        Ok(spans)
    }

    fn add_tokens(&self, slot: u32, number: u32, spans: &mut Vec<Span>) {
        let positions = self.article.filled.get().places_of(slot);
        spans.extend(
            positions.into_iter().filter(|&each| self.is_seen(each, each)).map(|each| Span::new(each, each, number)),
        );
    }

    fn add_phrases(&self, slot: u32, number: u32, spans: &mut Vec<Span>) -> PyResult<()> {
        let Some(places) = self.article.phrases.get(&slot) else { return Ok(()) };
        let sentences = self.units(Unit::Sentence)?;
        for &(first, last) in places {
            if self.is_seen(first, last) && sentences.are_one(first.into(), last.into()) {
                spans.push(Span::new(first, last, number));
            }
        }
        spans.sort_unstable();
        spans.dedup();
        Ok(())
    }

    fn add_steps(&self, steps: &[Step], number: u32, spans: &mut Vec<Span>) -> PyResult<()> {
        let filled = self.article.filled.get();
        let Some((first_step, others)) = steps.split_first() else { return Ok(()) };
        let others: Vec<_> = others.iter().map(|step| (filled.places_of(step.slot), step)).collect();
        'starts: for first in filled.places_of(first_step.slot) {
            for (position, (places, _)) in (first + 1..).zip(&others) {
                if places.binary_search(&position).is_err() {
                    continue 'starts;
                }
            }
            let last = first + others.len() as u32;
            if !self.is_seen(first, last) {
                continue;
            }
            if first < last && !self.units(Unit::Sentence)?.are_one(first.into(), last.into()) {
                continue;
            }
            for (position, step) in (first..).zip(steps) {
                if !self.passes(position, step)? {
                    continue 'starts;
                }
            }
            spans.push(Span::new(first, last, number));
        }
        Ok(())
    }

    fn passes(&self, position: u32, step: &Step) -> PyResult<bool> {
        let Some((forms, prefixes)) = &step.cased else { return Ok(true) };
        let form: String =
            self.text.call_method1(pyo3::intern!(self.text.py(), "case_form"), (position,))?.extract()?;
        Ok(forms.contains(&form) || prefixes.iter().any(|prefix| form.starts_with(prefix.as_str())))
    }

    fn is_seen(&self, first: u32, last: u32) -> bool {
        self.masked.is_empty() || !self.masked[first as usize..=last as usize].contains(&true)
    }

    fn units(&self, unit: Unit) -> PyResult<&'a Units> {
        let article = self.article;
        let (known, name) = match unit {
            Unit::Sentence => (&article.sentences, "SENTENCE"),
            Unit::Paragraph => (&article.paragraphs, "PARAGRAPH"),
        };
        if let Some(known) = known.get() {
            return Ok(known);
        }
        let lasts = self.text.call_method1(pyo3::intern!(self.text.py(), "lasts"), (name,))?.extract()?;
        Ok(known.get_or_init(|| Units::new(lasts, article.end as usize)))
    }
}

fn has(set: &[u64], number: usize) -> bool {
    set.get(number / 64).is_some_and(|word| word & (1 << (number % 64)) != 0)
}
