use futures_executor::block_on;
use futures_util::{StreamExt, stream};

use super::*;
use crate::{
    id::{FileId, ProjectId},
    service::{
        memory::{FaultPoint, Memory},
        ports::Config,
    },
    validate::{
        declare::declare,
        shape::{Declared as _, OPEN, Shape},
    },
};

fn key() -> FileKey {
    FileKey { project: ProjectId::from_bytes([7; 16]), file: FileId::from_bytes([7; 16]) }
}

declare! {
    /// The text parts.
    #[derive(Debug)]
    struct Texts(OPEN) {
        /// A text.
        purpose: Option<String> = optional(Shape::text(0..=99)),
    }
}

fn multipart() -> HeaderMap {
    [(header::CONTENT_TYPE, "multipart/form-data; boundary=B".parse().unwrap())].into_iter().collect()
}

fn text_part(name: &str, value: &str) -> String {
    format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

fn file_part(name: &str, file_name: &str, content: &str) -> String {
    format!(
        "--B\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n{content}\r\n"
    )
}

const END: &str = "--B--\r\n";

/// Sends `text` in chunks of `size` bytes.
fn send_in_chunks(ports: &Memory, text: &str, size: usize) -> Result<StoredForm> {
    let chunks: Vec<_> =
        text.as_bytes().chunks(size).map(|chunk| Ok::<_, Error>(Bytes::copy_from_slice(chunk))).collect();
    block_on(store_form(ports, key(), "file", Texts::OBJECT, &multipart(), Body::from_stream(stream::iter(chunks))))
}

fn send(parts: &[String]) -> (Result<StoredForm>, Memory) {
    let ports = Memory::new(Config::default());
    (send_in_chunks(&ports, &parts.concat(), 5), ports)
}

fn refusal(parts: &[String]) -> String {
    let (form, ports) = send(parts);
    assert_eq!((ports.stored_files(), ports.open_uploads()), (0, 0), "something stayed");
    let error = form.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    error.message().to_owned()
}

#[test]
fn takes_parts_in_any_order() {
    let file = file_part("file", "Rechnung März.pdf", "%PDF-1.4 demo\r\n--b");
    let purpose = text_part("purpose", "classify");
    let external = text_part("external_file_id", "case-7");
    for parts in [
        [purpose.clone(), external.clone(), file.clone(), END.to_owned()],
        [file.clone(), purpose.clone(), external.clone(), END.to_owned()],
        [purpose, file, external, END.to_owned()],
    ] {
        let (form, ports) = send(&parts);
        let form = form.unwrap();
        assert_eq!(form.file_name, "Rechnung März.pdf");
        assert_eq!(form.texts["purpose"], "classify");
        assert_eq!(form.texts["external_file_id"], "case-7");
        let stored = block_on(ports.get(key())).unwrap().unwrap();
        assert_eq!(&stored[..], b"%PDF-1.4 demo\r\n--b");
        assert_eq!(form.received.size, 18);
    }
}

#[test]
fn a_text_part_may_come_as_a_file() {
    let parts = [
        file_part("purpose", "blob", "classify"),
        file_part("other", "blob", "skipped"),
        file_part("file", "a.txt", "dGV4\r\ndA==").replace("\r\n\r\n", "\r\nContent-Transfer-Encoding: base64\r\n\r\n"),
        END.to_owned(),
    ];
    let (form, ports) = send(&parts);
    let form = form.unwrap();
    assert_eq!(form.texts.into_iter().collect::<Vec<_>>(), [("purpose".to_owned(), "classify".to_owned())]);
    assert_eq!(&block_on(ports.get(key())).unwrap().unwrap()[..], b"text");
}

#[test]
fn stores_large_files_in_parts() {
    let ports = Memory::new(Config::default());
    let content = "x".repeat(2 * limits::PART_BYTES + 3);
    let form = [file_part("file", "big.txt", &content), text_part("purpose", "parse"), END.to_owned()].concat();
    let form = send_in_chunks(&ports, &form, 64 * 1024).unwrap();
    assert_eq!(form.received.size, u64::try_from(content.len()).unwrap());
    assert_eq!(block_on(ports.get(key())).unwrap().unwrap().len(), content.len());
    assert_eq!(ports.open_uploads(), 0);
}

#[test]
fn refuses_missing_files() {
    let file = || file_part("file", "a.txt", "text");
    assert_eq!(refusal(&[END.to_owned()]), "file field is required for multipart requests.");
    assert_eq!(
        refusal(&[text_part("purpose", "classify"), END.to_owned()]),
        "file field is required for multipart requests."
    );
    assert_eq!(refusal(&[text_part("file", "text"), END.to_owned()]), "File must have a filename.");
    assert_eq!(refusal(&[file_part("file", "", "text"), END.to_owned()]), "File must have a filename.");
    assert_eq!(refusal(&[file_part("file", "a.txt", ""), END.to_owned()]), "Uploaded file is empty.");
    assert_eq!(refusal(&[file(), file(), END.to_owned()]), "file field may be there only once.");
}

#[test]
fn refuses_malformed_forms_and_keeps_nothing() {
    let file = || file_part("file", "a.txt", "text");
    let malformed = "There was an error parsing the body";
    assert_eq!(refusal(&[file()]), malformed, "no closing boundary");
    assert_eq!(refusal(&["garbage".to_owned()]), malformed);
    assert_eq!(refusal(&[file(), "--B\r\nContent-Disposition: form-data; na".to_owned()]), malformed);
    let half = file().replace("\r\ntext\r\n", "\r\nte");
    assert_eq!(refusal(&[half]), malformed);
    let large = file_part("file", "a.txt", &"x".repeat(limits::PART_BYTES + 9)).replace("x\r\n", "x");
    assert_eq!(refusal(&[large]), malformed);
    let long = text_part("purpose", &"x".repeat(limits::FORM_TEXT_BYTES + 1));
    assert_eq!(refusal(&[file(), long, END.to_owned()]), "A text field of the form is too long.");
    let many: Vec<_> = std::iter::repeat_with(|| text_part("x", "y")).take(limits::FORM_PARTS + 1).collect();
    assert_eq!(refusal(&[file(), many.concat(), END.to_owned()]), "The form has too many parts.");
}

#[test]
fn keeps_nothing_of_bodies_that_end_early() {
    for size in [10, limits::PART_BYTES + 10] {
        let ports = Memory::new(Config::default());
        let start = file_part("file", "a.txt", &"x".repeat(size));
        let chunks = [Ok(Bytes::from(start)), Err(std::io::Error::other("connection lost"))];
        let body = Body::from_stream(stream::iter(chunks));
        let error = block_on(store_form(&ports, key(), "file", Texts::OBJECT, &multipart(), body)).unwrap_err();
        assert_eq!(error.message(), "The request ended before its body did");
        assert_eq!((ports.stored_files(), ports.open_uploads()), (0, 0));
    }
}

#[test]
fn bounds_the_body_whatever_length_it_declares() {
    let ports = Memory::new(Config::default());
    let mut headers = multipart();
    headers.insert(header::CONTENT_LENGTH, (limits::MAX_UPLOAD_BYTES * 2).into());
    let error = block_on(store_form(&ports, key(), "file", Texts::OBJECT, &headers, Body::empty())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge { limit: limits::MAX_UPLOAD_BYTES });

    // The same chunk repeated, so the body exceeds the limit but the test holds only one chunk.
    let start = Bytes::from(file_part("other", "a.bin", ""));
    let filler = Bytes::from(vec![b'x'; 1024 * 1024]);
    let chunks = stream::iter([Ok::<_, Error>(start)]).chain(stream::iter(std::iter::repeat_n(Ok(filler), 102)));
    let error = block_on(store_form(&ports, key(), "file", Texts::OBJECT, &multipart(), Body::from_stream(chunks)))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge { limit: limits::MAX_UPLOAD_BYTES });
}

#[test]
fn requires_a_form() {
    let ports = Memory::new(Config::default());
    let kind = |content_type: &str| {
        let headers = [(header::CONTENT_TYPE, content_type.parse().unwrap())].into_iter().collect();
        block_on(store_form(&ports, key(), "file", Texts::OBJECT, &headers, Body::empty())).unwrap_err().kind()
    };
    assert_eq!(kind("application/json"), ErrorKind::UnsupportedMedia);
    assert_eq!(kind("multipart/form-data"), ErrorKind::Invalid);
}

#[test]
fn reports_storage_failures() {
    let ports = Memory::new(Config::default());
    ports.inject_fault(&[FaultPoint::Files]);
    let form = [file_part("file", "a.txt", "text"), END.to_owned()].concat();
    let error = send_in_chunks(&ports, &form, 9).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Upstream { retryable: true });
}

fn buffer(parts: &[String]) -> Result<BufferedForm> {
    let ports = Memory::new(Config::default());
    block_on(buffer_form(&ports, key().project, "file", Texts::OBJECT, &multipart(), Body::from(parts.concat())))
}

#[test]
fn buffers_without_storing() {
    let long = "x".repeat(limits::FORM_TEXT_BYTES + 1);
    let file = || file_part("file", "a.txt", "content");
    for parts in [[text_part("rules", &long), file()], [file(), text_part("rules", &long)]] {
        let form = buffer(&[parts.concat(), END.to_owned()]).unwrap();
        assert_eq!((&form.bytes[..], form.texts["rules"].len()), (&b"content"[..], long.len()));
    }
    let refused = |parts: &[String]| buffer(parts).unwrap_err().message().to_owned();
    assert_eq!(refused(&[file(), file(), END.to_owned()]), "file field may be there only once.");
    assert_eq!(refused(&[END.to_owned()]), "file field is required for multipart requests.");
    assert_eq!(refused(&[file_part("file", "a.txt", ""), END.to_owned()]), "Uploaded file is empty.");
    assert_eq!(refused(&[file()]), "There was an error parsing the body");
}

#[test]
fn buffers_no_more_than_the_limit() {
    let buffered = |length: u64| {
        let content = "x".repeat(usize::try_from(length).unwrap());
        buffer(&[file_part("file", "a.txt", &content), END.to_owned()])
    };
    assert!(buffered(limits::MAX_BUFFERED_BYTES).is_ok());
    let error = buffered(limits::MAX_BUFFERED_BYTES + 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge { limit: limits::MAX_BUFFERED_BYTES });
    let mut headers = multipart();
    headers.insert(header::CONTENT_LENGTH, (limits::MAX_BUFFERED_BYTES * 2).into());
    let error = block_on(buffer_form(
        &Memory::new(Config::default()),
        key().project,
        "file",
        Texts::OBJECT,
        &headers,
        Body::empty(),
    ))
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge { limit: limits::MAX_BUFFERED_BYTES });
}
