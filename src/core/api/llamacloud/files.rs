//! Files.

use std::time::Duration;

use axum::{
    body::Body as RequestBody,
    http::{HeaderMap, StatusCode},
};
use serde_json::Value;

use super::{
    Body, Caller, Reply,
    ids::{self, IdFormat, PathId},
    wire::{self, Listing, PresignedUrl},
};
use crate::{
    api::{
        checked::Checked,
        form::{self, StoredForm},
        page_token::{self, LargePaging},
        reply,
    },
    error::{Error, ErrorKind, Result},
    id::{FileId, ProjectId},
    limits,
    service::{
        files,
        index::{File, FileFilter, FileOrder, PageRequest},
        ports::{FileKey, Ports},
        signed_url::Grant,
    },
    validate::{
        Input,
        declare::declare,
        shape::{Declared, FilePart, OPEN, Object, Shape},
    },
};

/// The longest name of a file, in characters.
pub(super) const NAME_CHARS: usize = 3_000;

/// The longest external id, in characters.
pub(super) const EXTERNAL_ID_CHARS: usize = 1_000;

const EXTERNAL_ID: Shape = Shape::text(0..=EXTERNAL_ID_CHARS);

declare! {
    /// A file to upload.
    #[derive(Debug)]
    pub(super) struct NewFile(OPEN) {
        /// The file, of up to 100 MiB, with a name.
        file: FilePart = required(Shape::File),
        /// What the file is for, such as `classify`.
        purpose: String = required(Shape::text(0..=255)),
        /// The id of the file in the caller's own system.
        external_file_id: Option<String> = optional(EXTERNAL_ID),
    }
}

declare! {
    /// Which files to list.
    #[derive(Debug)]
    pub(super) struct FileQuery(OPEN) {
        /// The ids of the files.
        file_ids: Option<Vec<String>> = optional(ids::IDS),
        filter: NameFilter = flattened,
        order: Order = flattened,
        expand: ExpandQuery = flattened,
    }
}

declare! {
    /// Which files to list.
    #[derive(Debug)]
    pub(super) struct FileSearch(Object { required: false, ..OPEN }) {
        /// What the files have.
        filter: Option<FileFilterInput> = optional,
        order: Order = flattened,
    }
}

declare! {
    /// What files have.
    #[derive(Debug)]
    pub(super) struct FileFilterInput(OPEN) {
        /// The project, which must be that of the token.
        project_id: Option<String> = optional(ids::id_shape::<ProjectId>()),
        /// The ids of the files.
        file_ids: Option<Vec<String>> = optional(Shape::list(0..=1_000, &ids::ID)),
        filter: NameFilter = flattened,
        /// The data source. There are none here, so no file belongs to one.
        data_source_id: Option<Value> = optional(Shape::Any),
    }
}

declare! {
    /// Names of files.
    #[derive(Debug)]
    pub(super) struct NameFilter(OPEN) {
        /// The name; any if absent.
        file_name: Option<String> = optional(Shape::text(0..=NAME_CHARS)),
        /// The id in the caller's own system; any if absent.
        external_file_id: Option<String> = optional(EXTERNAL_ID),
    }
}

declare! {
    /// The order of a listing, and a page of it.
    #[derive(Debug)]
    pub(super) struct Order(OPEN) {
        /// What the files are sorted by; newest first if absent.
        order_by: Option<String> = optional(Shape::Words(|| ORDERS.map(|(word, _)| word).to_vec())),
        paging: LargePaging = flattened,
    }
}

const ORDERS: [(&str, FileOrder); 3] =
    [("id", FileOrder::Id), ("name", FileOrder::Name), ("created_at", FileOrder::Newest)];

impl Order {
    fn order(&self) -> FileOrder {
        let word = self.order_by.as_deref();
        ORDERS.iter().find(|(known, _)| word == Some(known)).map(|(_, order)| *order).unwrap_or_default()
    }
}

declare! {
    /// What else to answer.
    #[derive(Debug)]
    pub(super) struct ExpandQuery(OPEN) {
        /// `download_url` for a signed URL of the bytes.
        expand: Vec<String> = optional(EXPAND),
    }
}

/// What else to answer.
pub(super) const EXPAND: Shape = Shape::list(0..=usize::MAX, &Shape::text(0..=usize::MAX));

declare! {
    /// How long a signed URL is valid.
    #[derive(Debug)]
    pub(super) struct ContentQuery(OPEN) {
        /// How many seconds; an hour if absent.
        expires_at_seconds: Option<u32> = optional(Shape::integer(1..=MAX_SECONDS)),
    }
}

const MAX_SECONDS: u32 = limits::MAX_DOWNLOAD_LIFETIME.as_secs() as u32;

/// `POST /api/v1/beta/files`
pub(super) async fn create<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: RequestBody) -> Reply {
    let file = receive(&caller, "file", &headers, body, |form| {
        let texts = form.texts.iter().map(|(name, text)| (name.clone(), Value::from(text.as_str())));
        let mut texts = Checked::<NewFile>::new("body", texts.collect());
        check_name(&mut texts, "file", &form.file_name);
        let NewFile { purpose, external_file_id, .. } = texts.finish()?;
        Ok((Some(purpose), external_file_id))
    })
    .await?;
    Ok(reply::json(StatusCode::CREATED, &wire::File::new(&file, file.id.format(), caller.token.project, None)))
}

/// Rejects the name of the file in the part `part`, unless it is of a proper length.
pub(super) fn check_name<T: Declared>(request: &mut Checked<T>, part: &str, name: &str) {
    let name = Value::from(name);
    request.parts().1.text(&Input::root("body", None).with(part, Some(&name)), 1..=NAME_CHARS);
}

/// Receives a form with a file and registers the file. `describe` returns its purpose and its external id. If anything
/// fails, the stored bytes are deleted.
pub(super) async fn receive<P: Ports>(
    caller: &Caller<P>,
    part: &str,
    headers: &HeaderMap,
    body: RequestBody,
    describe: impl FnOnce(&StoredForm) -> Result<(Option<String>, Option<String>)> + Send,
) -> Result<File> {
    let Caller { ports, token, .. } = caller;
    let key = FileKey { project: token.project, file: FileId::from_bytes(ports.random()) };
    let form = form::store_form(ports, key, part, NewFile::OBJECT, headers, body).await?;
    let file = match describe_file(caller, key.file, form, describe) {
        Ok(file) => files::register(ports, key.project, file).await,
        Err(error) => Err(error),
    };
    if file.is_err() {
        files::delete_bytes(ports, key).await;
    }
    file
}

fn describe_file<P: Ports>(
    caller: &Caller<P>,
    id: FileId,
    form: StoredForm,
    describe: impl FnOnce(&StoredForm) -> Result<(Option<String>, Option<String>)>,
) -> Result<File> {
    let (purpose, external_id) = describe(&form)?;
    let now = caller.ports.now();
    Ok(File {
        id,
        name: form.file_name,
        purpose,
        external_id,
        kind: form.received.kind,
        size: Some(form.received.size),
        job: None,
        upload: None,
        created_at: now,
        updated_at: now,
    })
}

/// `GET /api/v1/beta/files`
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let mut query = caller.query.checked::<FileQuery>();
    let listing = Place::of(&mut query);
    let FileQuery { file_ids, filter, expand, .. } = query.finish()?;
    let ids = file_ids.map(|texts| ids::filter(&texts));
    list_page(&caller, listing, ids, filter, &expand).await
}

/// `POST /api/v1/beta/files/query`
pub(super) async fn query<P: Ports>(caller: Caller<P>, body: Body<FileSearch>) -> Reply {
    let mut body = body.0;
    let project = body.input().get("filter").get("project_id").read::<String>();
    caller.in_scope(project.as_deref().and_then(ProjectId::parse))?;
    let listing = Place::of(&mut body);
    let expand = caller.query.checked::<ExpandQuery>().finish()?;
    let (ids, filter) = match body.finish()?.filter {
        Some(filter) if filter.data_source_id.is_some() => (Some(Vec::new()), filter.filter),
        Some(filter) => (filter.file_ids.map(|texts| ids::filter(&texts)), filter.filter),
        None => (None, NameFilter { file_name: None, external_file_id: None }),
    };
    list_page(&caller, listing, ids, filter, &expand).await
}

/// A page of a listing in an order.
struct Place {
    order: FileOrder,
    listing: &'static str,
    page: PageRequest,
}

impl Place {
    /// The page that a request asks for by the members of [`Order`].
    fn of<T: Declared>(request: &mut Checked<T>) -> Self {
        let order = request.input().read::<Order>().map(|order| order.order()).unwrap_or_default();
        // A cursor in one order means nothing in another.
        let listing = match order {
            FileOrder::Newest => "files",
            FileOrder::Name => "files/name",
            FileOrder::Id => "files/id",
        };
        Self { order, listing, page: page_token::page(request, listing) }
    }
}

async fn list_page<P: Ports>(
    caller: &Caller<P>,
    Place { order, listing, page }: Place,
    ids: Option<Vec<FileId>>,
    filter: NameFilter,
    expand: &ExpandQuery,
) -> Reply {
    let filter = FileFilter { ids, name: filter.file_name, external_id: filter.external_file_id };
    let project = caller.token.project;
    let files = files::list(&caller.ports, project, filter, order, page).await?;
    let urls = files.items.iter().map(|file| expanded_url(caller, expand, file)).collect::<Result<Vec<_>>>()?;
    let mut urls = urls.into_iter();
    let wire = |file| wire::File::new(file, file.id.format(), project, urls.next().flatten());
    Ok(reply::json(StatusCode::OK, &Listing::new(listing, &files, wire)))
}

/// `GET /api/v1/beta/files/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, PathId(id): PathId<FileId>) -> Reply {
    let file = files::get(&caller.ports, caller.token.project, id).await?;
    let download_url = expanded_url(&caller, &caller.query.checked().finish()?, &file)?;
    Ok(reply::json(StatusCode::OK, &wire::File::new(&file, file.id.format(), caller.token.project, download_url)))
}

/// `GET /api/v1/beta/files/{id}/content`
pub(super) async fn content<P: Ports>(caller: Caller<P>, PathId(id): PathId<FileId>) -> Reply {
    let seconds = caller.query.checked::<ContentQuery>().finish()?.expires_at_seconds;
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
fn expanded_url<P: Ports>(caller: &Caller<P>, query: &ExpandQuery, file: &File) -> Result<Option<PresignedUrl>> {
    let is_requested = query.expand.iter().any(|what| what == "download_url") && file.size.is_some();
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
    let url = caller.public_origin.url(&format!("/{folder}/{ticket}"));
    Ok(PresignedUrl { url, expires_at: expires_at.to_rfc3339(), file_id: None, form_fields: None })
}
