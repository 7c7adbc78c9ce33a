//! A file to read. What a ZIP archive contains is determined once, and a text is decoded once.

use std::borrow::Cow;
use std::cell::OnceCell;

use memchr::memmem;

#[cfg(feature = "office")]
use super::archive::{self, ZipContent};
use super::encoding;
use super::page_builder;
use crate::error::Result;
use crate::limits;

/// The number of leading bytes searched for `%PDF-`: readers accept the header anywhere in the first kilobyte.
const PDF_HEADER_WITHIN: usize = 1024;

/// The number of bytes that are decoded to recognise text that is too large to be read.
const TEXT_HEAD_BYTES: usize = 64 * 1024;

/// A file to read.
#[derive(Debug)]
pub(super) struct Source<'a> {
    bytes: &'a [u8],
    #[cfg(feature = "office")]
    zip_content: OnceCell<Option<ZipContent>>,
    text: OnceCell<Cow<'a, str>>,
}

impl<'a> Source<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            #[cfg(feature = "office")]
            zip_content: OnceCell::new(),
            text: OnceCell::new(),
        }
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    pub fn has_pdf_header(&self) -> bool {
        memmem::find(self.bytes.get(..PDF_HEADER_WITHIN).unwrap_or(self.bytes), b"%PDF-").is_some()
    }

    pub fn is_zip(&self) -> bool {
        self.bytes.starts_with(b"PK\x03\x04") || self.bytes.starts_with(b"PK\x05\x06")
    }

    /// The content of a ZIP archive; None if the file is not one. Detected once, on the first call.
    #[cfg(feature = "office")]
    pub fn zip_content(&self) -> Option<ZipContent> {
        *self.zip_content.get_or_init(|| self.is_zip().then(|| archive::zip_content(self.bytes)))
    }

    /// The text of the file, or its beginning if it is too large to be read; None if it is binary data.
    ///
    /// # Errors
    ///
    /// `NotIncluded` if the encoding is not UTF-8 and this build has no other encodings.
    pub fn text_to_recognize(&self) -> Result<Option<Cow<'_, str>>> {
        let is_too_large = self.bytes.len() as u64 > limits::MAX_TEXT_BYTES;
        match self.bytes.get(..TEXT_HEAD_BYTES).filter(|_| is_too_large) {
            Some(head) => encoding::decode_text(head),
            None => Ok(Some(self.decoded()?).filter(|text| !encoding::is_binary(text)).map(Cow::Borrowed)),
        }
    }

    /// The text of the file, decoded.
    ///
    /// # Errors
    ///
    /// `TooLarge` if there is more of it than is read; `NotIncluded` as for [`Self::text_to_recognize`].
    pub fn text(&self) -> Result<&str> {
        if self.bytes.len() as u64 > limits::MAX_TEXT_BYTES {
            return Err(page_builder::too_large());
        }
        self.decoded()
    }

    /// All of the file, decoded once: recognising a text and reading it both need it.
    fn decoded(&self) -> Result<&str> {
        if let Some(text) = self.text.get() {
            return Ok(text);
        }
        let text = encoding::decode(self.bytes, None)?;
        Ok(self.text.get_or_init(|| text))
    }

    /// As [`Self::text`], with the name of the encoding that the file declares, if it does.
    pub fn text_with_encoding(&self, declared: Option<&str>) -> Result<Cow<'a, str>> {
        if self.bytes.len() as u64 > limits::MAX_TEXT_BYTES {
            return Err(page_builder::too_large());
        }
        encoding::decode(self.bytes, declared)
    }
}
