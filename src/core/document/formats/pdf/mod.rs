//! PDF: hayro reads the objects and fonts, this module interprets the operators that show text, and
//! [`crate::document::layout`] finds lines and reading order.
//!
//! hayro's own interpreter is not used for two reasons: its device interface cannot stop it, so work could not be
//! limited, and it would add colours, patterns and images, a third of a megabyte of code that text does not need.
//!
//! Not supported: text in patterns and in the procedures of Type 3 glyphs, and structure trees.

mod annotations;
mod content;
mod decompression_limits;
mod embedded;
mod encrypted;
mod filters;
mod fonts;
mod inline_images;
mod optional_content;
mod strings;

use hayro_syntax::object::Dict;
use hayro_syntax::{DecryptionError, LoadPdfError, Pdf};

use crate::budget::Budget;
use crate::document::layout;
use crate::document::{AttachedFile, Document, Format, PageSelection};
use crate::error::{Error, Result, Unreadable};
use content::{ContentBudget, Interpreter};
use fonts::Fonts;
use optional_content::OptionalContent;

/// Pages with images and fewer letters than this on average count as scans: a stamp or a page number printed over a
/// scan is not text.
const MIN_LETTERS_PER_PAGE: usize = 10;

/// Reads the selected pages.
pub(crate) fn read(bytes: &[u8], selection: &PageSelection, _budget: &Budget) -> Result<Document> {
    decompression_limits::check(bytes)?;
    let pdf = Pdf::new(bytes.to_vec()).map_err(load_error)?;
    let pages = pdf.pages();
    let page_count = u32::try_from(pages.len()).unwrap_or(u32::MAX);
    if page_count == 0 {
        return Err(Error::unreadable(Unreadable::Damaged, "The PDF has no pages"));
    }
    selection.check(page_count)?;

    let xref = pdf.xref();
    let catalog = xref.get::<Dict<'_>>(xref.root_id()).unwrap_or_default();
    let optional_content = OptionalContent::new(&catalog);
    let fonts = Fonts::new();
    let mut budget = ContentBudget::default();
    let mut drafts = Vec::new();
    let (mut letters, mut pages_with_image) = (0, 0);
    for number in selection.numbers(page_count) {
        let Some(page) = pages.get(number as usize - 1) else { break };
        let mut interpreter = Interpreter::new(page, &fonts, &optional_content, &mut budget);
        interpreter.run_page()?;
        annotations::interpret(page, &mut interpreter)?;
        pages_with_image += usize::from(interpreter.has_image);
        let draft = layout::page(number, page.render_dimensions(), &interpreter.into_glyphs());
        letters += draft.page.text.chars().filter(|c| c.is_alphanumeric()).count();
        drafts.push(draft);
    }
    if letters < MIN_LETTERS_PER_PAGE * drafts.len() && pages_with_image * 2 >= drafts.len() {
        return Err(Error::unreadable(
            Unreadable::NeedsOcr,
            "The pages are pictures: text recognition would be needed to read them",
        ));
    }
    let title = pdf.metadata().title.as_deref().and_then(|title| tidy_title(&strings::decode(title)));
    Ok(Document { format: Format::Pdf, title, pages: layout::finish(drafts), page_count })
}

/// The embedded files.
pub(crate) fn attachments(bytes: &[u8], _budget: &Budget) -> Result<Vec<AttachedFile>> {
    decompression_limits::check(bytes)?;
    let pdf = Pdf::new(bytes.to_vec()).map_err(load_error)?;
    Ok(embedded::files(&pdf)?.into_files())
}

fn load_error(error: LoadPdfError) -> Error {
    match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => {
            Error::unreadable(Unreadable::Encrypted, "The PDF is protected by a password")
        }
        LoadPdfError::Decryption(_) => {
            Error::unreadable(Unreadable::Encrypted, "The PDF is protected in a way that is not read")
        }
        LoadPdfError::Invalid => Error::unreadable(Unreadable::Damaged, "The PDF is damaged"),
    }
}

/// Cleans a title; None if it is empty, a file name or "untitled". Removes a prefix that Word adds.
fn tidy_title(title: &str) -> Option<String> {
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
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
