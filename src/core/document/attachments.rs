//! Files inside a document: embedded in a PDF or attached to a mail.

use super::formats::AttachmentHandling;
use super::source::Source;
use super::{AttachedFile, Document, Mail, ReadOptions, detect, formats};
use crate::budget::Budget;
use crate::error::{Error, Result, Unreadable};
use crate::limits;

/// The files embedded in a PDF or attached to a mail, in its order; empty for other formats. A mail attached to a mail
/// is one file; its own attachments are not included.
///
/// # Errors
///
/// As [`super::read`], for the reasons that concern the file and not its text; and
/// [`Unreadable::TooLarge`] past [`limits::MAX_ATTACHMENTS`] or [`limits::MAX_ATTACHMENT_BYTES`].
pub fn attachments(bytes: &[u8], budget: &Budget) -> Result<Vec<AttachedFile>> {
    super::check_size(bytes)?;
    let format = detect::detect(&Source::new(bytes))?;
    match format.reader().attachments {
        AttachmentHandling::None => Ok(Vec::new()),
        AttachmentHandling::List(list) | AttachmentHandling::ReadEach(list) => {
            list(bytes, budget).map_err(|error| super::over_budget_as_unreadable(error).with_format(format.extension()))
        }
    }
}

/// The files attached to a mail whose parts the caller has.
///
/// # Errors
///
/// [`Unreadable::TooLarge`] past [`limits::MAX_ATTACHMENTS`] or [`limits::MAX_ATTACHMENT_BYTES`], or if they take more than
/// `budget` allows; [`Unreadable::Damaged`] if one is not base64.
pub fn mail_attachments(mail: &Mail, budget: &Budget) -> Result<Vec<AttachedFile>> {
    formats::eml::mail_attachments(mail, budget).map_err(super::over_budget_as_unreadable)
}

/// Reads an attachment of a mail as a separate document. `index` is its position in the mail, from 0.
///
/// # Errors
///
/// As [`super::read`]; and [`Unreadable::TooLarge`] past [`limits::MAX_CLASSIFIED_ATTACHMENTS`].
pub fn read_attachment(index: usize, file: &AttachedFile, budget: &Budget) -> Result<Document> {
    let bound = limits::MAX_CLASSIFIED_ATTACHMENTS;
    if index >= bound {
        let message = format!("Only the first {bound} attachments of a mail are read");
        return Err(Error::unreadable(Unreadable::TooLarge, message));
    }
    super::read(&file.bytes, &ReadOptions::default(), budget).and_then(super::require_text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::attached_file::AttachmentCollector;
    use crate::document::formats::pdf::tests::write_pdf;

    const MAIL: &str = "From: a@b.example\r\nTo: c@d.example\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
        --x\r\nContent-Type: text/plain\r\n\r\nThe text.\r\n\
        --x\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\nContent-Disposition: attachment; filename=\"a.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n\
        --x\r\nContent-Type: image/png\r\nContent-Disposition: inline; filename=\"b.png\"\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n\
        --x\r\nContent-Type: message/rfc822\r\n\r\nFrom: e@f.example\r\nSubject: inner\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n\
        --y\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=\"c.txt\"\r\n\r\nc\r\n--y--\r\n\
        --x--\r\n";

    #[test]
    fn attachments_of_mails() {
        let found = attachments(MAIL.as_bytes(), &Budget::stage()).unwrap();
        let names_and_types: Vec<_> =
            found.iter().map(|file| (file.name.as_deref(), file.media_type.as_deref())).collect();
        assert_eq!(
            names_and_types,
            [
                (Some("a.pdf"), Some("application/pdf")),
                (Some("b.png"), Some("image/png")),
                (None, Some("message/rfc822")),
            ]
        );
        assert_eq!(found[0].bytes, b"%PDF");
        assert_eq!(found[1].bytes, [0, 1, 2]);
        assert!(found[2].bytes.starts_with(b"From: e@f.example"), "{:?}", String::from_utf8_lossy(&found[2].bytes));
        // An attached mail is a separate document with its own attachments.
        assert_eq!(attachments(&found[2].bytes, &Budget::stage()).unwrap()[0].name.as_deref(), Some("c.txt"));
    }

    fn pdf(catalog: &str, files: &[&str]) -> Vec<u8> {
        let mut objects = vec![
            format!("<</Type/Catalog/Pages 2 0 R{catalog}>>"),
            "<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 600 800]>>".to_owned(),
            "<</Type/Page/Parent 2 0 R>>".to_owned(),
        ];
        for file in files {
            objects.push(format!(
                "<</Type/Filespec/F(f)/UF(\u{5c}376\u{5c}377\u{5c}000b)/EF<</F {} 0 R>>>>",
                objects.len() + 2
            ));
            objects.push(format!("<</Length {}>>\nstream\n{file}\nendstream", file.len()));
        }
        write_pdf(&objects, "")
    }

    #[test]
    fn files_of_pdfs() {
        let nested = "/Names<</EmbeddedFiles<</Kids[<</Names[(a) 4 0 R]>><</Names[(b) 6 0 R]>>]>>>>";
        let found = attachments(&pdf(&format!("{nested}/AF[6 0 R 8 0 R]"), &["one", "two", "three"]), &Budget::stage())
            .unwrap();
        let bytes: Vec<_> = found.iter().map(|file| file.bytes.as_slice()).collect();
        assert_eq!(bytes, [b"one".as_slice(), b"two", b"three"]);
        assert_eq!(found[0].name.as_deref(), Some("b"));
        assert_eq!(attachments(&pdf("", &[]), &Budget::stage()).unwrap(), []);
        // A cyclic name tree terminates.
        assert_eq!(attachments(&pdf("/Names<</EmbeddedFiles 4 0 R>>", &[]), &Budget::stage()).unwrap(), []);
    }

    #[test]
    fn bounds_and_errors() {
        let too_many: Vec<&str> = vec!["x"; limits::MAX_ATTACHMENTS + 1];
        let all: String = (0..too_many.len()).map(|index| format!("{} 0 R ", 4 + 2 * index)).collect();
        let error = attachments(&pdf(&format!("/AF[{all}]"), &too_many), &Budget::stage()).unwrap_err();
        assert_eq!(error.message(), "The file has more than 100 attachments");
        let budget = Budget::stage();
        let mut collector = AttachmentCollector::new();
        let half = vec![0; limits::MAX_ATTACHMENT_BYTES as usize / 2 + 1];
        collector.add(None, None, half.clone(), budget.hold(0).unwrap()).unwrap();
        let error = collector.add(None, None, half, budget.hold(0).unwrap()).unwrap_err();
        assert_eq!(error.code(), "DOCUMENT_TOO_LARGE");
        assert_eq!(attachments(b"%PDF-1.7 broken", &Budget::stage()).unwrap_err().code(), "DOCUMENT_DAMAGED");
        assert_eq!(attachments(b"", &Budget::stage()).unwrap_err().code(), "NO_TEXT");
        assert_eq!(attachments(b"plain text", &Budget::stage()).unwrap(), []);
    }
}
