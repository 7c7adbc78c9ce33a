//! File uploads for the first clients. Their ids had no prefix, and some of these clients parse them strictly.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};

use super::{
    Caller, Reply,
    files::{self as beta, EXTERNAL_ID_CHARS, NAME_CHARS},
    ids::PathId,
    wire::{self, PresignedUrl},
};
use crate::{
    api::{body, reply},
    error::{Error, ErrorKind},
    id::FileId,
    limits,
    service::{files, index::File, ports::Ports, signed_url::Grant},
    validate::{Input, Validator},
};

fn answer<P: Ports>(caller: &Caller<P>, file: &File) -> axum::response::Response {
    reply::json(StatusCode::OK, &wire::File::new(file, file.id.to_string(), caller.token.project, None))
}

/// `POST /api/v1/files`
pub(super) async fn create<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let external_field = caller.query.get("external_file_id");
    let file = beta::receive(&caller, "upload_file", &headers, body, |_, check| {
        Some((None, check.text(&external_field, 0..=EXTERNAL_ID_CHARS).map(str::to_owned)))
    })
    .await?;
    Ok(answer(&caller, &file))
}

/// `PUT /api/v1/files`: registers a file and returns the URL to upload its bytes to.
pub(super) async fn create_upload<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let input = body::json(&headers, body).await?;
    let input = Input::root("body", Some(&input));
    let mut check = Validator::default();
    check.require(&input);
    check.object(&input);
    check.require(&input.get("name"));
    let name = check.text(&input.get("name"), 1..=NAME_CHARS).map(str::to_owned);
    let external_id = check.text(&input.get("external_file_id"), 0..=EXTERNAL_ID_CHARS).map(str::to_owned);
    let size = check.integer(&input.get("file_size"), 0..=u32::MAX);
    let name = check.finish(name)?;
    if size.is_some_and(|size| u64::from(size) > limits::MAX_UPLOAD_BYTES) {
        return Err(files::too_large().into());
    }
    let Caller { ports, token, .. } = &caller;
    let (id, now) = (FileId::from_bytes(ports.random()), ports.now());
    let file = File {
        id,
        name,
        purpose: None,
        external_id,
        kind: None,
        size: None,
        job: None,
        created_at: now,
        updated_at: now,
    };
    // Sign before registering: without a secret to sign with, no file must be registered.
    let upload_url = beta::sign(&caller, "uploads", id, Grant::Upload, limits::UPLOAD_LIFETIME)?;
    files::register(ports, token.project, file).await?;
    Ok(reply::json(StatusCode::OK, &PresignedUrl { file_id: Some(id.to_string()), ..upload_url }))
}

/// `PUT /api/v1/files/upload_from_url`
pub(super) async fn upload_from_url<P: Ports>(_: Caller<P>) -> Reply {
    let why = "Uploading from a URL is not supported yet: send the file itself to /api/v1/beta/files";
    Err(Error::new(ErrorKind::Invalid, why).into())
}

/// `GET /api/v1/files/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, PathId(id): PathId<FileId>) -> Reply {
    let file = files::get(&caller.ports, caller.token.project, id).await?;
    Ok(answer(&caller, &file))
}
