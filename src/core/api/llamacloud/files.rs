//! Files.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};

use super::{
    Caller, Reply,
    ids::{self, IdFormat, PathId},
    wire::{self, Listing, PresignedUrl},
};
use crate::{
    api::{
        body,
        form::{self, StoredForm},
        page_token::{self, PageSizes},
        reply,
    },
    error::{Error, ErrorKind, Result},
    id::FileId,
    limits,
    service::{
        files,
        index::{File, FileFilter, FileOrder},
        ports::{FileKey, Ports},
        signed_url::Grant,
    },
    validate::{Input, Validator},
};

/// The longest name of a file, in characters.
pub(super) const NAME_CHARS: usize = 3_000;

/// The longest purpose of a file, in characters.
const PURPOSE_CHARS: usize = 255;

/// The longest external id, in characters.
pub(super) const EXTERNAL_ID_CHARS: usize = 1_000;

/// The most ids that one listing can be filtered by.
const MAX_IDS: usize = 1_000;

const SIZES: PageSizes = PageSizes { default: 50, max: 1_000 };

/// `POST /api/v1/beta/files`
pub(super) async fn create<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let file = receive(&caller, "file", &headers, body, |form, check| {
        let texts = texts(form);
        let texts = Input::root("body", Some(&texts));
        check.require(&texts.get("purpose"));
        let purpose = check.text(&texts.get("purpose"), 0..=PURPOSE_CHARS)?.to_owned();
        let external_id = check.text(&texts.get("external_file_id"), 0..=EXTERNAL_ID_CHARS).map(str::to_owned);
        Some((Some(purpose), external_id))
    })
    .await?;
    Ok(reply::json(StatusCode::CREATED, &wire::File::new(&file, file.id.format(), caller.token.project, None)))
}

fn texts(form: &StoredForm) -> serde_json::Value {
    form.texts.iter().map(|(name, text)| (name.clone(), serde_json::Value::from(text.as_str()))).collect()
}

/// Receives a form with a file and registers the file. `describe` returns its purpose and its external id. If anything
/// fails, the stored bytes are deleted.
pub(super) async fn receive<P: Ports>(
    caller: &Caller<P>,
    part: &str,
    headers: &HeaderMap,
    body: Body,
    describe: impl FnOnce(&StoredForm, &mut Validator) -> Option<(Option<String>, Option<String>)> + Send,
) -> Result<File> {
    let Caller { ports, token, .. } = caller;
    let key = FileKey { project: token.project, file: FileId::from_bytes(ports.random()) };
    let form = form::store_form(ports, key, part, headers, body).await?;
    let file = match describe_file(caller, key.file, form, part, describe) {
        Ok(file) => files::register(ports, key.project, file).await,
        Err(error) => Err(error),
    };
    if file.is_err() {
        form::delete_stored(ports, key).await;
    }
    file
}

fn describe_file<P: Ports>(
    caller: &Caller<P>,
    id: FileId,
    form: StoredForm,
    part: &str,
    describe: impl FnOnce(&StoredForm, &mut Validator) -> Option<(Option<String>, Option<String>)>,
) -> Result<File> {
    let mut check = Validator::default();
    let name = serde_json::Value::from(form.file_name.as_str());
    check.text(&Input::root("body", None).with(part, Some(&name)), 1..=NAME_CHARS);
    let described = describe(&form, &mut check);
    let (purpose, external_id) = check.finish(described)?;
    let now = caller.ports.now();
    Ok(File {
        id,
        name: form.file_name,
        purpose,
        external_id,
        kind: form.received.kind,
        size: Some(form.received.size),
        job: None,
        created_at: now,
        updated_at: now,
    })
}

/// `GET /api/v1/beta/files`
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let query = &caller.query;
    let request = FileQuery {
        ids: query.get_all("file_ids"),
        name: query.get("file_name"),
        external_id: query.get("external_file_id"),
        order: query.get("order_by"),
        size: query.get("page_size"),
        token: query.get("page_token"),
        match_none: false,
    };
    list_page(&caller, Validator::default(), request).await
}

/// `POST /api/v1/beta/files/query`
pub(super) async fn query<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let input = body::json(&headers, body).await?;
    let input = Input::root("body", Some(&input));
    let mut check = Validator::default();
    check.object(&input);
    let filter = input.get("filter");
    check.object(&filter);
    caller.check_scope(&mut check, &filter.get("project_id"))?;
    let request = FileQuery {
        ids: check.list(&filter.get("file_ids"), 0..=MAX_IDS),
        name: filter.get("file_name"),
        external_id: filter.get("external_file_id"),
        order: input.get("order_by"),
        size: input.get("page_size"),
        token: input.get("page_token"),
        // There are no data sources here, so no file belongs to one.
        match_none: !filter.get("data_source_id").is_absent(),
    };
    list_page(&caller, check, request).await
}

/// The parameters of a listing, from a query string or a body.
struct FileQuery<'a> {
    ids: Option<Vec<Input<'a>>>,
    name: Input<'a>,
    external_id: Input<'a>,
    order: Input<'a>,
    size: Input<'a>,
    token: Input<'a>,
    match_none: bool,
}

async fn list_page<P: Ports>(caller: &Caller<P>, mut check: Validator, request: FileQuery<'_>) -> Reply {
    let orders = [("id", FileOrder::Id), ("name", FileOrder::Name), ("created_at", FileOrder::Newest)];
    let order = check.one_of(&request.order, &orders).unwrap_or_default();
    // A cursor in one order means nothing in another.
    let listing = match order {
        FileOrder::Newest => "files",
        FileOrder::Name => "files/name",
        FileOrder::Id => "files/id",
    };
    let ids = request.ids.map(|fields| ids::filter(&mut check, &fields));
    let filter = FileFilter {
        ids: if request.match_none { Some(Vec::new()) } else { ids },
        name: check.text(&request.name, 0..=NAME_CHARS).map(str::to_owned),
        external_id: check.text(&request.external_id, 0..=EXTERNAL_ID_CHARS).map(str::to_owned),
    };
    let page = page_token::request(&mut check, listing, SIZES, &request.size, &request.token);
    let page = check.finish(page)?;
    let project = caller.token.project;
    let files = files::list(&caller.ports, project, filter, order, page).await?;
    let urls = files.items.iter().map(|file| expanded_url(caller, file)).collect::<Result<Vec<_>>>()?;
    let mut urls = urls.into_iter();
    let wire = |file| wire::File::new(file, file.id.format(), project, urls.next().flatten());
    Ok(reply::json(StatusCode::OK, &Listing::new(listing, &files, wire)))
}

/// `GET /api/v1/beta/files/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, PathId(id): PathId<FileId>) -> Reply {
    let file = files::get(&caller.ports, caller.token.project, id).await?;
    let download_url = expanded_url(&caller, &file)?;
    Ok(reply::json(StatusCode::OK, &wire::File::new(&file, file.id.format(), caller.token.project, download_url)))
}

/// `GET /api/v1/beta/files/{id}/content`
pub(super) async fn content<P: Ports>(caller: Caller<P>, PathId(id): PathId<FileId>) -> Reply {
    let mut check = Validator::default();
    let field = caller.query.get("expires_at_seconds");
    let max_seconds = u32::try_from(limits::MAX_DOWNLOAD_LIFETIME.as_secs()).unwrap_or(u32::MAX);
    let seconds = check.integer(&field, 1..=max_seconds);
    check.finish(Some(()))?;
    let file = files::get(&caller.ports, caller.token.project, id).await?;
    if file.size.is_none() {
        return Err(Error::new(ErrorKind::Invalid, format!("File {} was not uploaded yet", id.format())).into());
    }
    let lifetime = seconds.map_or(limits::DOWNLOAD_LIFETIME, |seconds| Duration::from_secs(seconds.into()));
    Ok(reply::json(StatusCode::OK, &download_url(&caller, id, lifetime)?))
}

/// `DELETE /api/v1/beta/files/{id}`
pub(super) async fn delete<P: Ports>(caller: Caller<P>, PathId(id): PathId<FileId>) -> Reply {
    files::delete(&caller.ports, caller.token.project, id).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// A download URL, if the request asks for one and the file was uploaded.
fn expanded_url<P: Ports>(caller: &Caller<P>, file: &File) -> Result<Option<PresignedUrl>> {
    let is_requested = caller.query.contains("expand", "download_url") && file.size.is_some();
    is_requested.then(|| download_url(caller, file.id, limits::DOWNLOAD_LIFETIME)).transpose()
}

fn download_url<P: Ports>(caller: &Caller<P>, file: FileId, lifetime: Duration) -> Result<PresignedUrl> {
    sign(caller, "files", file, Grant::Download, lifetime)
}

/// A signed URL under `/{folder}/`.
pub(super) fn sign<P: Ports>(
    caller: &Caller<P>,
    folder: &str,
    file: FileId,
    grant: Grant,
    lifetime: Duration,
) -> Result<PresignedUrl> {
    let key = FileKey { project: caller.token.project, file };
    let (ticket, expires_at) = files::sign(&caller.ports, key, grant, lifetime)?;
    let url = caller.origin.url(&format!("/{folder}/{ticket}"));
    Ok(PresignedUrl { url, expires_at: expires_at.to_rfc3339(), file_id: None, form_fields: None })
}
