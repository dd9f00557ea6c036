//! What takes most of the time in reading an article and matching rules with it, for `stream.clean` and `stream.matching`.
//!
//! The Python of these packages defines what has to come out, and does the same where this module is not installed:
//! tests hold one to the other. What is rare or hard about a text (scripts other than Latin, compounds, abbreviations)
//! is asked of the Python once for each stretch between blanks, and remembered.

mod alone;
mod asking;
mod evaluation;
mod known;
mod lines;
mod nodes;
mod phrases;
mod sentences;
mod sieve;
mod spans;
mod steps;
mod stops;
mod table;
mod words;

use pyo3::prelude::*;

#[pymodule]
fn redline_native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("INTERFACE", 9)?;
    module.add_class::<words::Reader>()?;
    module.add_class::<words::Words>()?;
    module.add_class::<sentences::Sentences>()?;
    module.add_class::<lines::Lines>()?;
    module.add_function(wrap_pyfunction!(lines::paragraphs, module)?)?;
    module.add_class::<phrases::Phrases>()?;
    module.add_class::<phrases::Found>()?;
    module.add_class::<alone::Alone>()?;
    module.add_class::<alone::Objects>()?;
    module.add_class::<sieve::Sieve>()?;
    module.add_class::<nodes::Node>()?;
    module.add_class::<evaluation::Evaluation>()?;
    module.add_class::<evaluation::PhraseSlots>()?;
    module.add_class::<table::Filled>()?;
    module.add_class::<table::Table>()
}
