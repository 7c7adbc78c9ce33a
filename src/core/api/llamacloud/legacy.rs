//! File uploads for the first clients. Their ids had no prefix, and some of these clients parse them strictly.

use axum::{
    body::Body as RequestBody,
    http::{HeaderMap, StatusCode},
};

pub(super) use super::files::{content, delete};
use serde_json::Value;

use super::{
    Body, Caller, Reply,
    files::{self as beta, EXTERNAL_ID_CHARS, NAME_CHARS},
    ids::PathId,
    wire::{self, PresignedUrl},
};
use crate::{
    api::{page_token, reply},
    error::Error,
    id::FileId,
    limits,
    service::{
        fetch, files,
        index::{File, FileFilter, FileOrder, PageRequest},
        outbound::{MAX_URL_CHARS, Target},
        ports::{FileKey, Ports},
        signed_url::Grant,
    },
    validate::{
        declare::declare,
        shape::{Declared, FilePart, OPEN, Shape},
    },
};

fn answer<P: Ports>(caller: &Caller<P>, file: &File) -> axum::response::Response {
    reply::json(StatusCode::OK, &wire::File::new(file, file.id.to_string(), caller.token.project, None))
}

declare! {
    /// A file to upload.
    #[derive(Debug)]
    pub(super) struct LegacyFile(OPEN) {
        /// The file, of up to 100 MiB, with a name.
        upload_file: FilePart = required(Shape::File),
    }
}

declare! {
    /// What is said of an uploaded file.
    #[derive(Debug)]
    pub(super) struct LegacyQuery(OPEN) {
        /// The id of the file in the caller's own system.
        external_file_id: Option<String> = optional(Shape::text(0..=EXTERNAL_ID_CHARS)),
    }
}

declare! {
    /// A file that will be uploaded.
    #[derive(Debug)]
    pub(super) struct AnnouncedFile(OPEN) {
        /// The name.
        name: String = required(Shape::text(1..=NAME_CHARS)),
        of: LegacyQuery = flattened,
        /// The size in bytes, if it is known.
        file_size: Option<u32> = optional(Shape::integer(0..=u32::MAX)),
    }
}

/// `GET /api/v1/files`: the first clients know no pages.
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let project = caller.token.project;
    let page = PageRequest { size: page_token::LARGE_SIZE, after: None };
    let files = files::list(&caller.ports, project, FileFilter::default(), FileOrder::Newest, page).await?;
    let wire = |file| wire::File::new(file, file.id.to_string(), project, None);
    Ok(reply::json(StatusCode::OK, &files.items.iter().map(wire).collect::<Vec<_>>()))
}

/// `POST /api/v1/files`
pub(super) async fn create<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: RequestBody) -> Reply {
    let mut query = caller.query.checked::<LegacyQuery>();
    let file = beta::receive(&caller, "upload_file", LegacyFile::OBJECT, &headers, body, |form| {
        beta::check_name(&mut query, "upload_file", &form.file_name);
        Ok((None, query.finish()?.external_file_id))
    })
    .await?;
    Ok(answer(&caller, &file))
}

/// `PUT /api/v1/files`: registers a file and returns the URL to upload its bytes to.
pub(super) async fn create_upload<P: Ports>(caller: Caller<P>, body: Body<AnnouncedFile>) -> Reply {
    let AnnouncedFile { name, of: LegacyQuery { external_file_id: external_id }, file_size } = body.0.finish()?;
    if file_size.is_some_and(|size| u64::from(size) > limits::MAX_UPLOAD_BYTES) {
        return Err(files::too_large().into());
    }
    let Caller { ports, token, .. } = &caller;
    let id = FileId::from_bytes(ports.random());
    let file = File { external_id, ..File::new(id, name, ports.now()) };
    // Sign before registering: without a secret to sign with, no file must be registered.
    let upload_url = beta::sign(&caller, "uploads", id, Grant::Upload, limits::UPLOAD_LIFETIME)?;
    files::register(ports, token.project, file).await?;
    Ok(reply::json(StatusCode::OK, &PresignedUrl { file_id: Some(id.to_string()), ..upload_url }))
}

declare! {
    /// A file to fetch.
    #[derive(Debug)]
    pub(super) struct FileAtUrl(OPEN) {
        /// The URL.
        url: String = required(Shape::text(1..=MAX_URL_CHARS)),
        /// The name; the last part of the URL's path if absent.
        name: Option<String> = optional(Shape::text(1..=NAME_CHARS)),
        /// Redirects are always followed, up to five.
        follow_redirects: Option<bool> = optional(Shape::Boolean),
        /// Certificates are always verified.
        verify_ssl: Option<bool> = optional(Shape::Boolean),
        /// Not supported: no credentials are sent on.
        request_headers: Option<Value> = optional(NO_HEADERS),
        /// Not supported: the URL is requested directly.
        proxy_url: Option<Value> = optional(NO_PROXY),
    }
}

const NO_HEADERS: Shape = Shape::Own {
    documented: &Shape::Any,
    format: "",
    check: |check, field| {
        if !field.is_empty() {
            check.reject_value(field, "headers are not sent along, so that no credentials leave this service");
        }
    },
};

const NO_PROXY: Shape = Shape::Own {
    documented: &Shape::Any,
    format: "",
    check: |check, field| {
        if !field.is_empty() {
            check.reject_value(field, "a proxy is not used: the URL is requested directly");
        }
    },
};

/// `PUT /api/v1/files/upload_from_url`
pub(super) async fn upload_from_url<P: Ports>(caller: Caller<P>, body: Body<FileAtUrl>) -> Reply {
    let mut body = body.0;
    let (input, check) = body.parts();
    let field = input.get("url");
    let target = field.read::<String>().map(|url| Target::parse(&url, &caller.ports.config().outbound));
    if let Some(Err(error)) = &target {
        check.reject_value(&field, error.message());
    }
    let FileAtUrl { name, .. } = body.finish()?;
    let target = target.ok_or_else(|| Error::internal("a URL that was checked"))??;
    let name = name.unwrap_or_else(|| target.file_name());
    let key = FileKey { project: caller.token.project, file: FileId::from_bytes(caller.ports.random()) };
    let file = fetch::fetch_file(&caller.ports, key, name, target).await?;
    Ok(answer(&caller, &file))
}

/// `GET /api/v1/files/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, PathId(id): PathId<FileId>) -> Reply {
    let file = files::get(&caller.ports, caller.token.project, id).await?;
    Ok(answer(&caller, &file))
}
