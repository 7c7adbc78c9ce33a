//! Files.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};

use super::{
    Caller, Reply,
    ids::{self, InPath, Spelling},
    wire::{self, Address, Listing},
};
use crate::{
    api::{
        body,
        form::{self, Form},
        page_token::{self, Sizes},
        reply,
    },
    error::{Error, Kind, Result},
    id::FileId,
    limits,
    service::{
        files,
        index::{File, FileFilter, FileOrder},
        ports::{FileKey, Ports},
        ticket::Grant,
    },
    validate::{Check, Field},
};

/// The longest name of a file, in characters.
pub(super) const NAME_CHARS: usize = 3_000;

/// The longest word for what a file is for, in characters.
const PURPOSE_CHARS: usize = 255;

/// The longest id of an uploader's own, in characters.
pub(super) const EXTERNAL_ID_CHARS: usize = 1_000;

/// The most ids one listing is filtered by.
const MAX_IDS: usize = 1_000;

const SIZES: Sizes = Sizes { default: 50, most: 1_000 };

/// `POST /api/v1/beta/files`
pub(super) async fn create<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let file = receive(&caller, "file", &headers, body, |form, check| {
        let texts = texts(form);
        let texts = Field::root("body", Some(&texts));
        check.require(&texts.get("purpose"));
        let purpose = check.text(&texts.get("purpose"), 0..=PURPOSE_CHARS)?.to_owned();
        let external_id = check.text(&texts.get("external_file_id"), 0..=EXTERNAL_ID_CHARS).map(str::to_owned);
        Some((Some(purpose), external_id))
    })
    .await?;
    Ok(reply::json(StatusCode::CREATED, &wire::File::new(&file, file.id.spell(), caller.token.project, None)))
}

fn texts(form: &Form) -> serde_json::Value {
    form.texts.iter().map(|(name, text)| (name.clone(), serde_json::Value::from(text.as_str()))).collect()
}

/// Receives a form with a file and adds the file. `describe` gives its purpose and the uploader's own id for it. What was
/// stored is taken away again when anything fails.
pub(super) async fn receive<P: Ports>(
    caller: &Caller<P>,
    part: &str,
    headers: &HeaderMap,
    body: Body,
    describe: impl FnOnce(&Form, &mut Check) -> Option<(Option<String>, Option<String>)> + Send,
) -> Result<File> {
    let Caller { ports, token, .. } = caller;
    let key = FileKey { project: token.project, file: FileId::from_random(ports.random()) };
    let form = form::receive(ports, key, part, headers, body).await?;
    let file = match describe_file(caller, key.file, form, part, describe) {
        Ok(file) => files::register(ports, key.project, file).await,
        Err(error) => Err(error),
    };
    if file.is_err() {
        form::discard(ports, key).await;
    }
    file
}

fn describe_file<P: Ports>(
    caller: &Caller<P>,
    id: FileId,
    form: Form,
    part: &str,
    describe: impl FnOnce(&Form, &mut Check) -> Option<(Option<String>, Option<String>)>,
) -> Result<File> {
    let mut check = Check::default();
    let name = serde_json::Value::from(form.file_name.as_str());
    check.text(&Field::root("body", None).with(part, Some(&name)), 1..=NAME_CHARS);
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
    let asked = Asked {
        ids: query.all("file_ids"),
        name: query.one("file_name"),
        external_id: query.one("external_file_id"),
        order: query.one("order_by"),
        size: query.one("page_size"),
        token: query.one("page_token"),
        nothing: false,
    };
    listed(&caller, Check::default(), asked).await
}

/// `POST /api/v1/beta/files/query`
pub(super) async fn query<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let input = body::json(&headers, body).await?;
    let input = Field::root("body", Some(&input));
    let mut check = Check::default();
    check.object(&input);
    let filter = input.get("filter");
    check.object(&filter);
    caller.check_scope(&mut check, &filter.get("project_id"))?;
    let asked = Asked {
        ids: check.list(&filter.get("file_ids"), 0..=MAX_IDS),
        name: filter.get("file_name"),
        external_id: filter.get("external_file_id"),
        order: input.get("order_by"),
        size: input.get("page_size"),
        token: input.get("page_token"),
        // Data sources are not known here, so no file is of one.
        nothing: !filter.get("data_source_id").is_absent(),
    };
    listed(&caller, check, asked).await
}

/// What a listing is asked for, in a query or in a body.
struct Asked<'a> {
    ids: Option<Vec<Field<'a>>>,
    name: Field<'a>,
    external_id: Field<'a>,
    order: Field<'a>,
    size: Field<'a>,
    token: Field<'a>,
    nothing: bool,
}

async fn listed<P: Ports>(caller: &Caller<P>, mut check: Check, asked: Asked<'_>) -> Reply {
    let orders = [("id", FileOrder::Id), ("name", FileOrder::Name), ("created_at", FileOrder::Newest)];
    let order = check.word(&asked.order, &orders).unwrap_or_default();
    // A place in one order is none in another.
    let listing = match order {
        FileOrder::Newest => "files",
        FileOrder::Name => "files/name",
        FileOrder::Id => "files/id",
    };
    let ids = asked.ids.map(|fields| ids::filter(&mut check, &fields));
    let filter = FileFilter {
        ids: if asked.nothing { Some(Vec::new()) } else { ids },
        name: check.text(&asked.name, 0..=NAME_CHARS).map(str::to_owned),
        external_id: check.text(&asked.external_id, 0..=EXTERNAL_ID_CHARS).map(str::to_owned),
    };
    let page = page_token::request(&mut check, listing, SIZES, &asked.size, &asked.token);
    let page = check.finish(page)?;
    let project = caller.token.project;
    let files = files::list(&caller.ports, project, filter, order, page).await?;
    let addresses = files.items.iter().map(|file| expanded(caller, file)).collect::<Result<Vec<_>>>()?;
    let mut addresses = addresses.into_iter();
    let wire = |file| wire::File::new(file, file.id.spell(), project, addresses.next().flatten());
    Ok(reply::json(StatusCode::OK, &Listing::new(listing, &files, wire)))
}

/// `GET /api/v1/beta/files/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, InPath(id): InPath<FileId>) -> Reply {
    let file = files::get(&caller.ports, caller.token.project, id).await?;
    let address = expanded(&caller, &file)?;
    Ok(reply::json(StatusCode::OK, &wire::File::new(&file, file.id.spell(), caller.token.project, address)))
}

/// `GET /api/v1/beta/files/{id}/content`
pub(super) async fn content<P: Ports>(caller: Caller<P>, InPath(id): InPath<FileId>) -> Reply {
    let mut check = Check::default();
    let field = caller.query.one("expires_at_seconds");
    let longest = u32::try_from(limits::MAX_DOWNLOAD_LIFETIME.as_secs()).unwrap_or(u32::MAX);
    let seconds = check.integer(&field, 1..=longest);
    check.finish(Some(()))?;
    let file = files::get(&caller.ports, caller.token.project, id).await?;
    if file.size.is_none() {
        return Err(Error::new(Kind::Invalid, format!("File {} was not uploaded yet", id.spell())).into());
    }
    let lifetime = seconds.map_or(limits::DOWNLOAD_LIFETIME, |seconds| Duration::from_secs(seconds.into()));
    Ok(reply::json(StatusCode::OK, &download(&caller, id, lifetime)?))
}

/// `DELETE /api/v1/beta/files/{id}`
pub(super) async fn delete<P: Ports>(caller: Caller<P>, InPath(id): InPath<FileId>) -> Reply {
    files::delete(&caller.ports, caller.token.project, id).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// A download address, where the request asks for one and there is something to download.
fn expanded<P: Ports>(caller: &Caller<P>, file: &File) -> Result<Option<Address>> {
    let asked = caller.query.has("expand", "download_url") && file.size.is_some();
    asked.then(|| download(caller, file.id, limits::DOWNLOAD_LIFETIME)).transpose()
}

fn download<P: Ports>(caller: &Caller<P>, file: FileId, lifetime: Duration) -> Result<Address> {
    address(caller, "files", file, Grant::Download, lifetime)
}

/// A signed address under `/{folder}/`.
pub(super) fn address<P: Ports>(
    caller: &Caller<P>,
    folder: &str,
    file: FileId,
    grant: Grant,
    lifetime: Duration,
) -> Result<Address> {
    let key = FileKey { project: caller.token.project, file };
    let (ticket, expires_at) = files::sign(&caller.ports, key, grant, lifetime)?;
    let url = caller.origin.address(&format!("/{folder}/{ticket}"));
    Ok(Address { url, expires_at: expires_at.to_rfc3339(), file_id: None, form_fields: None })
}
