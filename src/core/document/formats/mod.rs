//! The table of formats: how each is recognised and read.
//!
//! Adding a format is one module in this folder, one row in [`formats!`](self), and, for ZIP formats, a row in the
//! table of `archive.rs`. A row with a cargo feature is always recognised; a build without the feature says that it
//! cannot read the file.

#[cfg(feature = "office")]
pub(super) mod docx;
pub(super) mod eml;
pub(super) mod html;
pub(super) mod mail_body;
pub(super) mod markdown;
#[cfg(feature = "pdf")]
pub(super) mod pdf;
pub(super) mod plain;
pub(super) mod unsupported;

use serde::{Deserialize, Serialize};

#[cfg(feature = "office")]
use super::archive::ZipContent;
use super::attached_file::AttachedFile;
use super::source::Source;
use super::{Document, PageSelection};
use crate::budget::Budget;
use crate::error::Result;

/// A row of the table of formats.
#[derive(Debug)]
pub(super) struct FormatSpec {
    /// The name, for people.
    pub name: &'static str,
    /// The media types, the usual one first.
    pub media_types: &'static [&'static str],
    /// The extensions of file names without a dot, the usual one first.
    pub extensions: &'static [&'static str],
    /// Whether files of the format have pages. If not, a document is one page.
    pub has_pages: bool,
    /// How a file is recognised.
    pub recognize: Recognize,
    /// The cargo feature that contains the reader, if it is not in every build. Cargo.toml says what each costs to link.
    pub feature: Option<&'static str>,
}

/// How files of a format are read. Apart from [`FormatSpec`], so that a program that only recognises files does not
/// contain the readers.
#[derive(Debug)]
pub(super) struct FormatReader {
    /// Reads a file; None in a build without the feature of the format.
    pub read: Option<Reader>,
    /// What to do with the files inside.
    pub attachments: AttachmentHandling,
}

/// How files of a format are recognised.
#[derive(Debug, Clone, Copy)]
pub(super) enum Recognize {
    /// By their bytes.
    Bytes(fn(&Source<'_>) -> bool),
    /// By their text. Tried if no format is recognised by its bytes.
    Text(fn(&str) -> bool),
}

/// Reads a file of a format.
pub(super) type Reader = fn(&Source<'_>, &PageSelection, &Budget) -> Result<Document>;

/// Lists the files inside a file.
pub(super) type ListAttachments = fn(&[u8], &Budget) -> Result<Vec<AttachedFile>>;

/// What to do with the files inside a document.
#[derive(Debug, Clone, Copy)]
pub(super) enum AttachmentHandling {
    /// Nothing: the format has none, or they are not looked for.
    None,
    /// List them without reading them.
    #[cfg_attr(not(feature = "pdf"), expect(dead_code, reason = "only PDF has them"))]
    List(ListAttachments),
    /// List them, and read each as a document of its own.
    ReadEach(ListAttachments),
}

/// Declares [`Format`] and its table from one row each. A file has the first format that recognises it.
macro_rules! formats {
    ($($(#[doc = $doc:literal])* $format:ident: $spec:expr, $reader:expr;)*) => {
        /// The format of a document.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[cfg_attr(feature = "types", derive(ts_rs::TS))]
        #[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
        pub enum Format {
            $($(#[doc = $doc])* $format,)*
        }

        impl Format {
            /// Every format, in the order in which they are tried.
            pub const ALL: &[Self] = &[$(Self::$format),*];

            /// The row of the format.
            pub(super) const fn spec(self) -> &'static FormatSpec {
                match self {
                    $(Self::$format => {
                        const SPEC: FormatSpec = $spec;
                        &SPEC
                    })*
                }
            }

            /// How files of the format are read.
            pub(super) const fn reader(self) -> &'static FormatReader {
                match self {
                    $(Self::$format => {
                        const READER: FormatReader = $reader;
                        &READER
                    })*
                }
            }
        }
    };
}

formats! {
    /// Portable Document Format. Its reader is the largest: it has the character maps of fonts.
    Pdf: FormatSpec {
        name: "PDF",
        media_types: &["application/pdf"],
        extensions: &["pdf"],
        has_pages: true,
        recognize: Recognize::Bytes(|source| source.has_pdf_header()),
        feature: Some("pdf"),
    }, FormatReader {
        #[cfg(feature = "pdf")]
        read: Some(|source, pages, budget| pdf::read(source.bytes(), pages, budget)),
        #[cfg(feature = "pdf")]
        attachments: AttachmentHandling::List(pdf::attachments),
        #[cfg(not(feature = "pdf"))]
        read: None,
        #[cfg(not(feature = "pdf"))]
        attachments: AttachmentHandling::None,
    };
    /// Office Open XML document (Word).
    Docx: FormatSpec {
        name: "Word file",
        media_types: &["application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
        extensions: &["docx"],
        has_pages: true,
        #[cfg(feature = "office")]
        recognize: Recognize::Bytes(|source| source.zip_content() == Some(ZipContent::Word)),
        // What a ZIP archive contains is not known without this feature.
        #[cfg(not(feature = "office"))]
        recognize: Recognize::Bytes(|source| source.is_zip()),
        feature: Some("office"),
    }, FormatReader {
        #[cfg(feature = "office")]
        read: Some(|source, pages, budget| pages.apply(docx::read(source.bytes(), budget)?)),
        #[cfg(not(feature = "office"))]
        read: None,
        attachments: AttachmentHandling::None,
    };
    /// An internet message (RFC 5322, MIME).
    Eml: FormatSpec {
        name: "mail",
        media_types: &["message/rfc822"],
        extensions: &["eml"],
        has_pages: false,
        recognize: Recognize::Bytes(|source| eml::is_mail(source.bytes())),
        feature: None,
    }, FormatReader {
        read: Some(|source, pages, budget| pages.apply(eml::read(source.bytes(), budget)?)),
        attachments: AttachmentHandling::ReadEach(eml::attachments),
    };
    /// A web page.
    Html: FormatSpec {
        name: "web page",
        media_types: &["text/html", "application/xhtml+xml"],
        extensions: &["html", "htm", "xhtml"],
        has_pages: false,
        recognize: Recognize::Text(html::is_html),
        feature: None,
    }, FormatReader {
        // A web page may declare its encoding.
        read: Some(|source, pages, budget| {
            let text = source.text_with_encoding(html::declared_encoding(source.bytes()).as_deref())?;
            pages.apply(html::read(&text, budget)?)
        }),
        attachments: AttachmentHandling::None,
    };
    /// Markdown.
    Markdown: FormatSpec {
        name: "Markdown",
        media_types: &["text/markdown"],
        extensions: &["md", "markdown"],
        has_pages: false,
        recognize: Recognize::Text(markdown::is_markdown),
        feature: None,
    }, FormatReader {
        read: Some(|source, pages, budget| pages.apply(markdown::read(source.text()?, budget)?)),
        attachments: AttachmentHandling::None,
    };
    /// Text without markup.
    Plain: FormatSpec {
        name: "text",
        media_types: &["text/plain"],
        extensions: &["txt", "text"],
        // Form feeds separate them.
        has_pages: true,
        recognize: Recognize::Text(|_| true),
        feature: None,
    }, FormatReader {
        read: Some(|source, pages, budget| pages.apply(plain::read(source.text()?, budget)?)),
        attachments: AttachmentHandling::None,
    };
}

impl Format {
    /// The name, for people.
    pub const fn name(self) -> &'static str {
        self.spec().name
    }

    /// The extensions of file names of this format without a dot, the usual one first.
    pub const fn extensions(self) -> &'static [&'static str] {
        self.spec().extensions
    }

    /// The media types, the usual one first.
    pub const fn media_types(self) -> &'static [&'static str] {
        self.spec().media_types
    }

    /// The usual extension of files of this format, without a dot.
    pub fn extension(self) -> &'static str {
        self.extensions().first().copied().unwrap_or_default()
    }

    /// The usual media type.
    pub fn media_type(self) -> &'static str {
        self.media_types().first().copied().unwrap_or_default()
    }

    /// Whether a document of this format can have several pages. If not, it is one page.
    pub const fn has_pages(self) -> bool {
        self.spec().has_pages
    }

    /// Whether the files inside a document of this format are read, each as a document of its own.
    pub const fn reads_attachments(self) -> bool {
        matches!(self.reader().attachments, AttachmentHandling::ReadEach(_))
    }

    /// Whether files of this format are recognised by their text, which a server may well take for another kind of text.
    pub const fn is_text(self) -> bool {
        matches!(self.spec().recognize, Recognize::Text(_))
    }

    /// The format of this media type, with or without parameters, in any case; None if there is none.
    pub fn from_media_type(media_type: &str) -> Option<Self> {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        let has = |format: &&Self| format.media_types().iter().any(|known| known.eq_ignore_ascii_case(essence));
        Self::ALL.iter().find(has).copied()
    }

    /// The format of files with this extension, in any case; None if there is none.
    pub fn from_extension(extension: &str) -> Option<Self> {
        let has = |format: &&Self| format.extensions().iter().any(|known| known.eq_ignore_ascii_case(extension));
        Self::ALL.iter().find(has).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn rows_are_complete_and_distinct() {
        let mut seen = BTreeSet::new();
        for format in Format::ALL {
            let spec = format.spec();
            assert!(format.reader().read.is_some(), "{format:?}: tests run with every feature");
            assert!(!spec.media_types.is_empty() && !spec.extensions.is_empty(), "{format:?}");
            for word in spec.extensions.iter().chain(spec.media_types) {
                assert!(seen.insert(word), "{word} is in two rows");
                assert_eq!(**word, word.to_ascii_lowercase());
            }
            assert_eq!(Format::from_extension(&format.extension().to_uppercase()), Some(*format));
        }
        assert_eq!(Format::from_extension("exe"), None);
    }

    #[test]
    fn texts_are_tried_last_and_plain_text_takes_the_rest() {
        let by_text = |format: &Format| matches!(format.spec().recognize, Recognize::Text(_));
        assert!(Format::ALL.is_sorted_by_key(by_text));
        assert_eq!(Format::ALL.last(), Some(&Format::Plain));
    }
}
