//! Expressions as they are asked of an article: what the classes of `stream/matching/leaves.py`, `near.py` and
//! `connect.py` say of a node, without what is needed to show it.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// A node with those within it. Nodes that stand in several expressions are shared.
#[pyclass(frozen, module = "redline_native")]
pub struct Node(pub Arc<Asked>);

pub struct Asked {
    /// No two nodes of a set of rules have the same.
    pub number: u32,
    /// Slots that an article fills, all of them, wherever the node holds.
    pub required: Box<[u32]>,
    pub kind: Kind,
}

pub type Nodes = Box<[Arc<Asked>]>;

pub enum Kind {
    // Local nodes: they find the same spans whatever the window.
    Word(u32),
    Phrase(u32),
    Steps(Box<[Box<[Step]>]>),
    LocalOr {
        words: Option<u32>,
        phrases: Option<u32>,
        others: Nodes,
    },
    LocalNear(Near),
    // All others.
    WindowNear {
        near: Near,
        negated: bool,
    },
    Key(u32),
    All(Nodes),
    Some {
        count: i64,
        nodes: Nodes,
    },
    Absent(Arc<Asked>),
    Each {
        unit: Unit,
        operand: Arc<Asked>,
    },
    /// The first words of the body.
    First {
        words: i64,
        operand: Arc<Asked>,
    },
    Within {
        is_title: bool,
        operand: Arc<Asked>,
    },
    Repeated {
        count: i64,
        operand: Arc<Asked>,
    },
}

pub struct Near {
    pub left: Arc<Asked>,
    pub right: Arc<Asked>,
    /// In tokens between the sides.
    pub distance: i64,
    pub ordered: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Sentence,
    Paragraph,
}

/// One token of a leaf, and the case forms that pass (whole, or as prefixes) where case counts.
pub struct Step {
    pub slot: u32,
    pub cased: Option<(Vec<String>, Vec<String>)>,
}

impl Asked {
    pub fn is_local(&self) -> bool {
        use Kind::{LocalNear, LocalOr, Phrase, Steps, Word};
        matches!(self.kind, Word(_) | Phrase(_) | Steps(_) | LocalOr { .. } | LocalNear(_))
    }
}

fn node(number: u32, required: Vec<u32>, kind: Kind) -> Node {
    Node(Arc::new(Asked { number, required: required.into(), kind }))
}

fn shared(nodes: &[PyRef<'_, Node>]) -> Nodes {
    nodes.iter().map(|node| node.0.clone()).collect()
}

type GivenStep = (u32, Option<(Vec<String>, Vec<String>)>);

#[pymethods]
impl Node {
    #[staticmethod]
    fn word(number: u32, slot: u32) -> Self {
        node(number, vec![slot], Kind::Word(slot))
    }

    #[staticmethod]
    fn phrase(number: u32, slot: u32) -> Self {
        node(number, vec![slot], Kind::Phrase(slot))
    }

    /// Several sequences of steps, each a slot, with its case forms and their prefixes where case counts.
    #[staticmethod]
    fn steps(number: u32, required: Vec<u32>, sequences: Vec<Vec<GivenStep>>) -> Self {
        let of = |steps: Vec<GivenStep>| steps.into_iter().map(|(slot, cased)| Step { slot, cased }).collect();
        node(number, required, Kind::Steps(sequences.into_iter().map(of).collect()))
    }

    /// `words` and `phrases` are slots.
    #[staticmethod]
    fn local_or(
        number: u32,
        required: Vec<u32>,
        words: Option<u32>,
        phrases: Option<u32>,
        others: Vec<PyRef<'_, Node>>,
    ) -> Self {
        node(number, required, Kind::LocalOr { words, phrases, others: shared(&others) })
    }

    /// `is_local` if both sides are, and the right one is not `negated`.
    #[staticmethod]
    #[allow(clippy::too_many_arguments)] // they are what NEAR has
    fn near(
        number: u32,
        required: Vec<u32>,
        left: &Node,
        right: &Node,
        distance: i64,
        ordered: bool,
        negated: bool,
        is_local: bool,
    ) -> Self {
        let near = Near { left: left.0.clone(), right: right.0.clone(), distance, ordered };
        let kind = if is_local { Kind::LocalNear(near) } else { Kind::WindowNear { near, negated } };
        node(number, required, kind)
    }

    #[staticmethod]
    fn key(number: u32, slot: u32) -> Self {
        node(number, vec![slot], Kind::Key(slot))
    }

    #[staticmethod]
    fn all_of(number: u32, required: Vec<u32>, nodes: Vec<PyRef<'_, Node>>) -> Self {
        node(number, required, Kind::All(shared(&nodes)))
    }

    #[staticmethod]
    fn some_of(number: u32, count: i64, nodes: Vec<PyRef<'_, Node>>) -> Self {
        node(number, Vec::new(), Kind::Some { count, nodes: shared(&nodes) })
    }

    #[staticmethod]
    fn absent(number: u32, operand: &Node) -> Self {
        node(number, Vec::new(), Kind::Absent(operand.0.clone()))
    }

    /// Of each `SENTENCE` or `PARAGRAPH`.
    #[staticmethod]
    fn each(number: u32, unit: &str, operand: &Node) -> PyResult<Self> {
        let kind = Kind::Each { unit: unit.parse()?, operand: operand.0.clone() };
        Ok(node(number, operand.0.required.to_vec(), kind))
    }

    #[staticmethod]
    fn first(number: u32, words: i64, operand: &Node) -> Self {
        node(number, operand.0.required.to_vec(), Kind::First { words, operand: operand.0.clone() })
    }

    #[staticmethod]
    fn within(number: u32, is_title: bool, operand: &Node) -> Self {
        node(number, operand.0.required.to_vec(), Kind::Within { is_title, operand: operand.0.clone() })
    }

    #[staticmethod]
    fn repeated(number: u32, count: i64, operand: &Node) -> Self {
        node(number, operand.0.required.to_vec(), Kind::Repeated { count, operand: operand.0.clone() })
    }
}

impl std::str::FromStr for Unit {
    type Err = PyErr;

    fn from_str(name: &str) -> PyResult<Unit> {
        match name {
            "SENTENCE" => Ok(Unit::Sentence),
            "PARAGRAPH" => Ok(Unit::Paragraph),
            _ => Err(PyValueError::new_err(format!("found {name}, expected SENTENCE or PARAGRAPH"))),
        }
    }
}
