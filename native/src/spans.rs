//! What nodes find, and intervals of two sides: the operations of `stream/matching/near.py` on spans.

use crate::nodes::Near;

/// First and last position, -1 where there are no words; the node that found it; and for an interval the pairs of spans
/// behind it, as a stretch of `Pairs`.
///
/// Of a word or phrase of an OR it is the OR: which of its items stands there is asked where it is shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// -1 comes behind all others.
    first: u32,
    last: u32,
    pub node: u32,
    pub pairs: (u32, u32),
}

pub type Pairs = Vec<(Span, Span)>;

impl Span {
    pub fn new(first: u32, last: u32, node: u32) -> Span {
        Span { first, last, node, pairs: (0, 0) }
    }

    /// Of no words.
    pub fn nowhere(node: u32) -> Span {
        Span::new(u32::MAX, u32::MAX, node)
    }

    /// The same as found by another node.
    pub fn of(&self, node: u32, pairs: (u32, u32)) -> Span {
        Span { node, pairs, ..*self }
    }

    pub fn is_text(&self) -> bool {
        self.first != u32::MAX
    }

    pub fn first(&self) -> i64 {
        if self.is_text() {
            self.first.into()
        } else {
            -1
        }
    }

    pub fn last(&self) -> i64 {
        if self.is_text() {
            self.last.into()
        } else {
            -1
        }
    }
}

/// Where sentences or paragraphs end.
pub struct Units {
    /// The last position of each, ascending.
    pub lasts: Vec<u32>,
    /// Of each position the number of the one that it is in.
    pub numbers: Vec<u32>,
}

impl Units {
    pub fn new(lasts: Vec<u32>, size: usize) -> Units {
        let mut numbers = Vec::with_capacity(size);
        for (number, &last) in lasts.iter().enumerate() {
            numbers.resize((last as usize + 1).min(size), number as u32);
        }
        numbers.resize(size, lasts.len() as u32);
        Units { lasts, numbers }
    }

    pub fn are_one(&self, first: i64, last: i64) -> bool {
        self.numbers[first as usize] == self.numbers[last as usize]
    }
}

/// Those of ascending spans that lie in a window.
pub fn within(spans: &[Span], start: i64, end: i64) -> impl Iterator<Item = &Span> {
    let low = spans.partition_point(|span| span.first() < start);
    spans[low..].iter().take_while(move |span| span.first() < end).filter(move |span| span.last() < end)
}

/// The minimal intervals of a left and a right span no more than `distance` words apart, in one paragraph; both sides
/// ascend. Clarke, Cormack and Burkowski, "An algebra for structured text search and a framework for its
/// implementation", 1995.
pub fn intervals(
    node: u32,
    near: &Near,
    lefts: &[Span],
    rights: &[Span],
    paragraphs: &Units,
    pairs: &mut Pairs,
) -> Vec<Span> {
    let mut hulls: Vec<(u32, u32, Span, Span)> = Vec::new();
    let mut add = |first: Span, last: Span, left: Span, right: Span| {
        if paragraphs.are_one(first.first(), last.last()) {
            hulls.push((first.first, last.last, left, right));
        }
    };
    closest(lefts, rights, near.distance, |left, right| add(left, right, left, right));
    if !near.ordered {
        closest(rights, lefts, near.distance, |right, left| add(right, left, left, right));
    }
    hulls.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(&other.1)));
    let mut spans: Vec<Span> = Vec::new();
    for same in hulls.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
        let (first, last, ..) = same[0];
        if spans.last().is_none_or(|shortest| last < shortest.last) {
            let from = pairs.len() as u32;
            pairs.extend(same.iter().map(|&(_, _, left, right)| (left, right)));
            spans.push(Span { first, last, node, pairs: (from, pairs.len() as u32) });
        }
    }
    spans.reverse();
    spans
}

/// For each span the later ones, at most `distance` words away, that end first.
fn closest(befores: &[Span], behinds: &[Span], distance: i64, mut add: impl FnMut(Span, Span)) {
    for &before in befores {
        let low = behinds.partition_point(|behind| behind.first() <= before.last());
        let reach = before.last() + distance + 1;
        let (mut soonest, mut from) = (i64::MAX, low);
        let mut index = low;
        while let Some(behind) = behinds.get(index).filter(|each| each.first() <= reach && each.first() <= soonest) {
            if behind.last() < soonest {
                (soonest, from) = (behind.last(), index);
            }
            index += 1;
        }
        behinds[from..index].iter().filter(|each| each.last() == soonest).for_each(|&behind| add(before, behind));
    }
}

/// The left spans that have no right span within `distance` words of their paragraph; overlapping counts as near.
pub fn far<'a>(
    near: &'a Near,
    lefts: &'a [Span],
    rights: &'a [Span],
    paragraphs: &'a Units,
) -> impl Iterator<Item = Span> + 'a {
    let longest = rights.iter().map(|right| right.last() - right.first()).max().unwrap_or(0);
    let is_near = move |left: &Span| {
        let low = rights.partition_point(|right| right.first() < left.first() - near.distance - 1 - longest);
        rights[low..].iter().take_while(|right| right.first() <= left.last() + near.distance + 1).any(|right| {
            let is_before = right.last() < left.first();
            if is_before && (near.ordered || left.first() - right.last() - 1 > near.distance) {
                return false;
            }
            paragraphs.are_one(left.first().min(right.first()), left.last().max(right.last()))
        })
    };
    lefts.iter().filter(move |left| !is_near(left)).copied()
}

/// How many spans of words there are, taken from the left, shorter ones first, each beginning behind the one before;
/// title and body apart.
pub fn count_apart(spans: &[Span], title_end: u32) -> i64 {
    let mut places: Vec<(bool, u32, u32)> = spans
        .iter()
        .filter(|span| span.is_text())
        .map(|span| (span.first >= title_end, span.first, span.last))
        .collect();
    places.sort_unstable();
    places.dedup();
    let mut count = 0;
    let mut free = (false, 0);
    for (field, first, last) in places {
        if (field, first) >= free {
            count += 1;
            free = (field, last + 1);
        }
    }
    count
}
