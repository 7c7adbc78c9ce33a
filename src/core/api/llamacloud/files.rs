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
    wire::{self, Listing, PresignedUrl, TotalQuery},
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
        /// What the files are sorted by, ascending or with ` desc` descending; newest first if absent. `id` may follow
        /// another one after a comma.
        order_by: Option<String> = optional(SORT),
        /// How many items to answer at most, up to 1,000.
        page_size: u32 = default(Shape::integer(1..=u32::MAX), page_token::DEFAULT_SIZE),
        /// The `next_page_token` of the page before; absent for the first page.
        page_token: Option<String> = optional(page_token::TOKEN),
        total: TotalQuery = flattened,
    }
}

const SORT: Shape = Shape::Own {
    documented: &Shape::text(0..=SORT_CHARS),
    format: "",
    check: |check, field| {
        if check.text(field, 0..=SORT_CHARS).is_some_and(|text| sort_order(text).is_none()) {
            let why = "expected id, name or created_at, each alone or with asc or desc, and after a comma only id in the \
                       same direction";
            check.reject_value(field, why);
        }
    },
};

const SORT_CHARS: usize = 100;

/// The order that `order_by` of a search names; None if there is none.
fn sort_order(text: &str) -> Option<FileOrder> {
    let mut keys = text.split(',').map(|key| {
        let mut words = key.split_whitespace();
        let name = words.next()?;
        let is_descending = match words.next() {
            None => false,
            Some(word) if word.eq_ignore_ascii_case("asc") => false,
            Some(word) if word.eq_ignore_ascii_case("desc") => true,
            Some(_) => return None,
        };
        words.next().is_none().then_some((name, is_descending))
    });
    let (name, is_descending) = keys.next()??;
    // No two files have one id, so what follows it changes nothing.
    let may_follow = |key| matches!(key, Some((next, same)) if next == "id" && same == is_descending);
    if name != "id" && !keys.all(may_follow) {
        return None;
    }
    let order = |ascending, descending| Some(if is_descending { descending } else { ascending });
    match name {
        "id" => order(FileOrder::Id, FileOrder::IdDescending),
        "name" => order(FileOrder::Name, FileOrder::NameDescending),
        "created_at" => order(FileOrder::Oldest, FileOrder::Newest),
        _ => None,
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

impl NameFilter {
    fn with_ids(self, ids: Option<Vec<FileId>>) -> FileFilter {
        FileFilter { ids, name: self.file_name, external_id: self.external_file_id }
    }
}

declare! {
    /// The order of a listing, and a page of it.
    #[derive(Debug)]
    pub(super) struct Order(OPEN) {
        /// What the files are sorted by; newest first if absent.
        order_by: Option<String> = optional(Shape::Words(|| ORDERS.map(|(word, _)| word).to_vec())),
        paging: LargePaging = flattened,
        total: TotalQuery = flattened,
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
        expand: Vec<String> = optional(Shape::list(0..=usize::MAX, &Shape::Words(|| vec![DOWNLOAD_URL]))),
    }
}

/// What `expand` asks for.
const DOWNLOAD_URL: &str = "download_url";

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
    let file = receive(&caller, "file", NewFile::OBJECT, &headers, body, |form| {
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

/// Receives a form with a file in the part `part` and registers the file. `declared` are the parts; `describe` returns its purpose and its external id. If anything
/// fails, the stored bytes are deleted.
pub(super) async fn receive<P: Ports>(
    caller: &Caller<P>,
    part: &str,
    declared: &'static Object,
    headers: &HeaderMap,
    body: RequestBody,
    describe: impl FnOnce(&StoredForm) -> Result<(Option<String>, Option<String>)> + Send,
) -> Result<File> {
    let Caller { ports, token, .. } = caller;
    let key = FileKey { project: token.project, file: FileId::from_bytes(ports.random()) };
    let form = form::store_form(ports, key, part, declared, headers, body).await?;
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
    Ok(File {
        purpose,
        external_id,
        kind: form.received.kind,
        size: Some(form.received.size),
        ..File::new(id, form.file_name, caller.ports.now())
    })
}

/// `GET /api/v1/beta/files`
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let mut query = caller.query.checked::<FileQuery>();
    let order = query.input().read::<Order>().map(|order| order.order()).unwrap_or_default();
    let place = Place::of(&mut query, order);
    let FileQuery { file_ids, filter, order, expand } = query.finish()?;
    let filter = filter.with_ids(file_ids.map(|texts| ids::filter(&texts)));
    list_page(&caller, place, filter, order.total, &expand).await
}

/// `POST /api/v1/beta/files/query`
pub(super) async fn query<P: Ports>(caller: Caller<P>, body: Body<FileSearch>) -> Reply {
    let mut body = body.0;
    let project = body.input().get("filter").get("project_id").read::<String>();
    caller.in_scope(project.as_deref().and_then(ProjectId::parse))?;
    let order = body.input().get("order_by").read::<String>().and_then(|text| sort_order(&text)).unwrap_or_default();
    let mut place = Place::of(&mut body, order);
    // Larger pages are asked for by clients that take what they get.
    place.page.size = place.page.size.min(page_token::LARGE_SIZE);
    let expand = caller.query.checked::<ExpandQuery>().finish()?;
    let FileSearch { filter, total, .. } = body.finish()?;
    let filter = match filter {
        Some(filter) if filter.data_source_id.is_some() => filter.filter.with_ids(Some(Vec::new())),
        Some(filter) => filter.filter.with_ids(filter.file_ids.map(|texts| ids::filter(&texts))),
        None => FileFilter::default(),
    };
    list_page(&caller, place, filter, total, &expand).await
}

/// A page of a listing in an order.
struct Place {
    order: FileOrder,
    listing: &'static str,
    page: PageRequest,
}

impl Place {
    /// The page that a request asks for.
    fn of<T: Declared>(request: &mut Checked<T>, order: FileOrder) -> Self {
        // A cursor in one order means nothing in another.
        let listing = match order {
            FileOrder::Newest => "files",
            FileOrder::Oldest => "files/oldest",
            FileOrder::Name => "files/name",
            FileOrder::NameDescending => "files/name/descending",
            FileOrder::Id => "files/id",
            FileOrder::IdDescending => "files/id/descending",
        };
        Self { order, listing, page: page_token::page(request, listing) }
    }
}

async fn list_page<P: Ports>(
    caller: &Caller<P>,
    Place { order, listing, page }: Place,
    filter: FileFilter,
    total: TotalQuery,
    expand: &ExpandQuery,
) -> Reply {
    let project = caller.token.project;
    let count = if total.include_total { files::count(&caller.ports, project, filter.clone()).await? } else { None };
    let files = files::list(&caller.ports, project, filter, order, page).await?;
    let urls = files.items.iter().map(|file| expanded_url(caller, expand, file)).collect::<Result<Vec<_>>>()?;
    let mut urls = urls.into_iter();
    let wire = |file| wire::File::new(file, file.id.format(), project, urls.next().flatten());
    Ok(reply::json(StatusCode::OK, &Listing::new(listing, &files, wire).with_total(count)))
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
    let is_requested = query.expand.iter().any(|what| what == DOWNLOAD_URL) && file.size.is_some();
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
