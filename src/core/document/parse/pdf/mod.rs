//! PDF: hayro reads the objects and fonts, the operators that show text are run here, and
//! [`crate::document::layout`] finds lines and reading order.
//!
//! The operators are run here, and not by hayro's interpreter, for two reasons: its interface to the drawn page cannot
//! stop it, so that work could not be bounded, and colours, patterns and pictures would come along, a third of a
//! megabyte of code that text has no use for.
//!
//! Not here: text in patterns and in the procedures of Type 3 glyphs, and structure trees.

mod annotations;
mod content;
mod embedded;
mod encrypted;
mod filters;
mod fonts;
mod inflation;
mod inline_images;
mod layers;
mod strings;

use hayro_syntax::object::Dict;
use hayro_syntax::{DecryptionError, LoadPdfError, Pdf};

use crate::document::layout;
use crate::document::{Attachment, Document, Format, PageSelection};
use crate::error::{Error, Result, Unreadable};
use content::{Budget, Interpreter};
use fonts::Fonts;
use layers::Layers;

/// Pages with fewer letters than this on average are pictures, when they hold pictures: a stamp or a page number
/// printed over a scan is no text.
const MIN_LETTERS_PER_PAGE: usize = 10;

/// Reads the chosen pages.
pub(crate) fn read(bytes: &[u8], selection: &PageSelection) -> Result<Document> {
    inflation::check(bytes)?;
    let pdf = Pdf::new(bytes.to_vec()).map_err(refused)?;
    let pages = pdf.pages();
    let page_count = u32::try_from(pages.len()).unwrap_or(u32::MAX);
    if page_count == 0 {
        return Err(Error::unreadable(Unreadable::Broken, "The PDF has no pages"));
    }
    selection.check(page_count)?;

    let xref = pdf.xref();
    let catalog = xref.get::<Dict<'_>>(xref.root_id()).unwrap_or_default();
    let layers = Layers::new(&catalog);
    let fonts = Fonts::new();
    let mut budget = Budget::default();
    let mut drafts = Vec::new();
    let (mut letters, mut pictures) = (0, 0);
    for number in selection.numbers(page_count) {
        let Some(page) = pages.get(number as usize - 1) else { break };
        let mut interpreter = Interpreter::new(page, &fonts, &layers, &mut budget);
        interpreter.page()?;
        annotations::draw(page, &mut interpreter)?;
        pictures += usize::from(interpreter.has_picture);
        let draft = layout::page(number, page.render_dimensions(), &interpreter.into_glyphs());
        letters += draft.page.text.chars().filter(|c| c.is_alphanumeric()).count();
        drafts.push(draft);
    }
    if letters < MIN_LETTERS_PER_PAGE * drafts.len() && pictures * 2 >= drafts.len() {
        return Err(Error::unreadable(
            Unreadable::NeedsOcr,
            "The pages are pictures: text recognition would be needed to read them",
        ));
    }
    let title = pdf.metadata().title.as_deref().and_then(|title| tidy_title(&strings::text(title)));
    Ok(Document { format: Format::Pdf, title, pages: layout::finish(drafts), page_count })
}

/// The files embedded in it.
pub(crate) fn attachments(bytes: &[u8]) -> Result<Vec<Attachment>> {
    inflation::check(bytes)?;
    let pdf = Pdf::new(bytes.to_vec()).map_err(refused)?;
    Ok(embedded::files(&pdf)?.into_found())
}

fn refused(error: LoadPdfError) -> Error {
    match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => {
            Error::unreadable(Unreadable::Encrypted, "The PDF is protected by a password")
        }
        LoadPdfError::Decryption(_) => {
            Error::unreadable(Unreadable::Encrypted, "The PDF is protected in a way that is not read")
        }
        LoadPdfError::Invalid => Error::unreadable(Unreadable::Broken, "The PDF is damaged"),
    }
}

/// A title without what programs put there that is none: their own name, the name of a file, nothing.
fn tidy_title(title: &str) -> Option<String> {
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    let title = title.strip_prefix("Microsoft Word - ").unwrap_or(&title);
    let lower = title.to_lowercase();
    let is_name = [
        ".doc", ".docx", ".dotx", ".rtf", ".odt", ".xls", ".xlsx", ".ppt", ".pptx", ".indd", ".tex", ".dvi", ".pdf",
        ".html",
    ]
    .iter()
    .any(|ending| lower.ends_with(ending));
    (!title.is_empty() && !is_name && !lower.starts_with("untitled")).then(|| title.to_owned())
}

#[cfg(test)]
pub(crate) mod tests;
