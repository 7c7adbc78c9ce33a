//! PDF: [`mod@file`] finds the objects, hayro parses them and the fonts, this module interprets the operators that show text,
//! and [`crate::document::layout`] finds lines and reading order.
//!
//! Everything is charged to the budget, also what hayro does: before it gets anything, its size is known.
//!
//! hayro's own interpreter is not used for two reasons: its device interface cannot stop it, so work could not be
//! limited, and it would add colours, patterns and images, a third of a megabyte of code that text does not need.
//!
//! Not supported: text in patterns and in the procedures of Type 3 glyphs, and structure trees.

mod annotations;
mod buffer;
mod character_map;
mod content;
mod embedded;
mod file;
mod filters;
mod font_program;
mod fonts;
mod inflate;
mod inline_images;
mod operators;
mod optional_content;
mod page;
mod predictor;
mod strings;
mod syntax;

use hayro_syntax::object::Dict;
use hayro_syntax::{DecryptionError, LoadPdfError};

use crate::budget::Budget;
use crate::document::{AttachedFile, Document, Format, PageSelection};
use crate::document::{layout, page_builder};
use crate::error::{Error, Result, Unreadable};
use content::Interpreter;
use file::{PdfFile, Purpose};
use fonts::Fonts;
use optional_content::OptionalContent;
use page::Page;

/// Pages with images and fewer letters than this on average count as scans: a stamp or a page number printed over a
/// scan is not text.
const MIN_LETTERS_PER_PAGE: usize = 10;

/// Reads the selected pages.
pub(crate) fn read(bytes: &[u8], selection: &PageSelection, budget: &Budget) -> Result<Document> {
    let purpose = if selection.is_all() { Purpose::AllPages } else { Purpose::SomePages };
    let file = PdfFile::load(bytes, purpose, budget)?;
    let leaves = page::leaves(&file)?;
    if leaves.count == 0 {
        return Err(Error::unreadable(Unreadable::Damaged, "The PDF has no pages"));
    }
    selection.check(leaves.count)?;

    let catalog = file.pdf.xref().get::<Dict<'_>>(file.root).unwrap_or_default();
    let optional_content = OptionalContent::new(&file, &catalog)?;
    let fonts = Fonts::new(&file)?;
    let mut held = budget.hold(0)?;
    let mut drafts = Vec::new();
    let (mut letters, mut pages_with_image) = (0, 0);
    for number in selection.numbers(leaves.count) {
        let Some(leaf) = leaves.pages.get(number as usize - 1) else { break };
        let page = Page::new(&file, leaf)?;
        let mut interpreter = Interpreter::new(&file, &page, &fonts, &optional_content)?;
        interpreter.run_page()?;
        annotations::interpret(&mut interpreter)?;
        pages_with_image += usize::from(interpreter.has_image);
        let links = std::mem::take(&mut interpreter.links);
        let (found, _glyphs_held) = interpreter.into_glyphs();
        let mut draft = layout::page(number, page.size(), &found, budget)?;
        draft.mark_links(&links, budget)?;
        held.grow(draft.memory())?;
        letters += draft.page.text.chars().filter(|c| c.is_alphanumeric()).count();
        drafts.push(draft);
    }
    if letters < MIN_LETTERS_PER_PAGE * drafts.len() && pages_with_image * 2 >= drafts.len() {
        return Err(Error::unreadable(
            Unreadable::NeedsOcr,
            "The pages are pictures: text recognition would be needed to read them",
        ));
    }
    let title = file.title()?.and_then(|title| tidy_title(&strings::decode(&title)));
    Ok(Document { format: Format::Pdf, title, pages: layout::finish(drafts, budget)?, page_count: leaves.count })
}

/// The embedded files.
pub(crate) fn attachments(bytes: &[u8], budget: &Budget) -> Result<Vec<AttachedFile>> {
    let file = PdfFile::load(bytes, Purpose::Attachments, budget)?;
    Ok(embedded::files(&file)?.into_files())
}

fn load_error(error: LoadPdfError) -> Error {
    match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => {
            Error::unreadable(Unreadable::Encrypted, "The PDF is protected by a password")
        }
        LoadPdfError::Decryption(_) => {
            Error::unreadable(Unreadable::Encrypted, "The PDF is protected in a way that is not read")
        }
        LoadPdfError::Invalid => damaged(),
    }
}

fn damaged() -> Error {
    Error::unreadable(Unreadable::Damaged, "The PDF is damaged")
}

/// Cleans a title; None if it is empty, a file name or "untitled". Removes a prefix that Word adds.
fn tidy_title(title: &str) -> Option<String> {
    let title = page_builder::one_line(title);
    let title = title.strip_prefix("Microsoft Word - ").unwrap_or(&title);
    let lower = title.to_lowercase();
    let is_file_name = [
        ".doc", ".docx", ".dotx", ".rtf", ".odt", ".xls", ".xlsx", ".ppt", ".pptx", ".indd", ".tex", ".dvi", ".pdf",
        ".html",
    ]
    .iter()
    .any(|extension| lower.ends_with(extension));
    (!title.is_empty() && !is_file_name && !lower.starts_with("untitled")).then(|| title.to_owned())
}

#[cfg(test)]
pub(crate) mod tests;
