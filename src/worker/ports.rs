//! The core's ports over the bindings of `wrangler.toml`.

use std::{
    cell::{OnceCell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::TryStreamExt;
use sortroom::{
    error::{Error, Kind, Result},
    id::{JobId, ProjectId, TokenId},
    job::Command,
    service::{
        host::JobReply,
        index::{IndexCommand, IndexReply},
        ports::{
            BoxedBytes, ByteStream, Clock, Config, FileKey, Files, Host, Index, Jobs, PartUpload, Queue, Random,
            StageMessage, Tokens,
        },
        tokens::{Token, TokenCommand, TokenReply},
    },
    time::Timestamp,
};
use worker::{
    Bucket, Env, FixedLengthStream, MultipartUpload, ObjectNamespace, ResponseBody, UploadedPart,
    send::{SendFuture, SendWrapper},
};

use crate::objects;

/// How long a verified token is remembered. A revoked token opens its project for so long at most.
const TOKEN_MEMORY: Duration = Duration::from_secs(30);

/// How many verified tokens are remembered: a few hundred bytes each.
const TOKEN_MEMORY_ENTRIES: usize = 1_000;

/// The largest file that is classified in the invocation that accepted the job, unless the operator says otherwise.
const INLINE_MAX_BYTES: u64 = 1024 * 1024;

thread_local! {
    static VERIFIED: RefCell<BTreeMap<TokenId, (Token, Timestamp)>> = const { RefCell::new(BTreeMap::new()) };

    /// Bindings belong to the Worker and not to a request, so that one look-up each serves the whole life of the
    /// instance.
    static BINDINGS: OnceCell<Rc<Bindings>> = const { OnceCell::new() };
}

/// What `wrangler.toml` binds.
struct Bindings {
    env: Env,
    config: Config,
    jobs: OnceCell<ObjectNamespace>,
    indexes: OnceCell<ObjectNamespace>,
    tokens: OnceCell<ObjectNamespace>,
    files: OnceCell<Bucket>,
    stages: OnceCell<worker::Queue>,
}

/// The value of `cell`, looked up when it is first asked for.
fn bound<T>(cell: &OnceCell<T>, look_up: impl FnOnce() -> worker::Result<T>) -> Result<&T> {
    if let Some(known) = cell.get() {
        return Ok(known);
    }
    let found = look_up().map_err(upstream)?;
    Ok(cell.get_or_init(|| found))
}

/// The ports.
#[derive(Clone)]
pub struct WorkerPorts {
    bindings: SendWrapper<Rc<Bindings>>,
}

fn upstream(error: worker::Error) -> Error {
    Error::new(Kind::Upstream { retryable: true }, "A part of the service cannot be reached").with_source(error)
}

impl Bindings {
    fn new(env: Env) -> Self {
        let inline = env.var("INLINE_MAX_BYTES").ok().and_then(|value| value.to_string().parse().ok());
        let config = Config {
            admin_secret: env.secret("ADMIN_SECRET").ok().map(|secret| secret.to_string()),
            inline_max_bytes: inline.unwrap_or(INLINE_MAX_BYTES),
        };
        Self {
            env,
            config,
            jobs: OnceCell::new(),
            indexes: OnceCell::new(),
            tokens: OnceCell::new(),
            files: OnceCell::new(),
            stages: OnceCell::new(),
        }
    }
}

impl WorkerPorts {
    /// The ports over the bindings of `env`.
    pub fn new(env: Env) -> Self {
        let bindings = BINDINGS.with(|known| Rc::clone(known.get_or_init(|| Rc::new(Bindings::new(env)))));
        Self { bindings: SendWrapper::new(bindings) }
    }

    fn bucket(&self) -> Result<&Bucket> {
        bound(&self.bindings.files, || self.bindings.env.bucket("FILES"))
    }

    fn namespace<'a>(&'a self, cell: &'a OnceCell<ObjectNamespace>, binding: &str) -> Result<&'a ObjectNamespace> {
        bound(cell, || self.bindings.env.durable_object(binding))
    }

    /// Traps the instance on one document of the tests, as a document would that our parsers cannot stand.
    #[cfg(feature = "contract")]
    fn trap_on_poison(&self, bytes: &[u8]) {
        if bytes.starts_with(b"SORTROOM-POISON") {
            self.log("a poisonous document traps the instance");
            std::process::abort();
        }
    }
}

impl Jobs for WorkerPorts {
    fn job(&self, project: ProjectId, job: JobId, command: Command) -> impl Future<Output = Result<JobReply>> + Send {
        SendFuture::new(async move {
            let namespace = self.namespace(&self.bindings.jobs, "JOBS")?;
            let name = format!("{project}/{job}");
            match command {
                Command::Get => objects::read(namespace, &name).await,
                command => objects::call(namespace, &name, &command).await,
            }
        })
    }
}

impl Index for WorkerPorts {
    fn index(&self, project: ProjectId, command: IndexCommand) -> impl Future<Output = Result<IndexReply>> + Send {
        SendFuture::new(async move {
            let namespace = self.namespace(&self.bindings.indexes, "INDEXES")?;
            objects::call(namespace, &project.to_string(), &command).await
        })
    }
}

impl Tokens for WorkerPorts {
    fn tokens(&self, command: TokenCommand) -> impl Future<Output = Result<TokenReply>> + Send {
        SendFuture::new(async move {
            let id = command.token();
            let known = VERIFIED.with_borrow(|known| known.get(&id).cloned());
            if let (TokenCommand::Get(_), Some((token, until))) = (&command, known)
                && self.now() < until
            {
                return Ok(Some(token));
            }
            let reply: TokenReply =
                objects::call(self.namespace(&self.bindings.tokens, "TOKENS")?, &command.shard(), &command).await?;
            VERIFIED.with_borrow_mut(|known| {
                if known.len() >= TOKEN_MEMORY_ENTRIES {
                    known.clear();
                }
                match (&command, &reply) {
                    (TokenCommand::Get(_), Some(token)) => {
                        known.insert(id, (token.clone(), self.now() + TOKEN_MEMORY));
                    }
                    _ => {
                        known.remove(&id);
                    }
                }
            });
            Ok(reply)
        })
    }
}

/// An upload in parts to R2.
pub struct R2Upload {
    upload: SendWrapper<MultipartUpload>,
    parts: SendWrapper<Vec<UploadedPart>>,
}

impl PartUpload for R2Upload {
    fn part(&mut self, bytes: Bytes) -> impl Future<Output = Result<()>> + Send {
        SendFuture::new(async move {
            let number = u16::try_from(self.parts.len().saturating_add(1)).unwrap_or(u16::MAX);
            let part = self.upload.upload_part(number, Vec::from(bytes)).await.map_err(upstream)?;
            self.parts.push(part);
            Ok(())
        })
    }

    fn complete(self) -> impl Future<Output = Result<()>> + Send {
        SendFuture::new(async move { self.upload.0.complete(self.parts.0).await.map(drop).map_err(upstream) })
    }

    fn abort(self) -> impl Future<Output = Result<()>> + Send {
        SendFuture::new(async move { self.upload.abort().await.map_err(upstream) })
    }
}

impl Files for WorkerPorts {
    type Upload = R2Upload;

    fn put(&self, key: FileKey, bytes: Bytes) -> impl Future<Output = Result<()>> + Send {
        SendFuture::new(async move {
            self.bucket()?.put(key.to_string(), Vec::from(bytes)).execute().await.map(drop).map_err(upstream)
        })
    }

    fn put_stream(
        &self,
        key: FileKey,
        length: u64,
        stream: impl ByteStream,
    ) -> impl Future<Output = Result<()>> + Send {
        SendFuture::new(async move {
            // What went wrong with the stream is not told by the storage, so it is kept here.
            let fault = Rc::new(RefCell::new(None));
            let noted = Rc::clone(&fault);
            let chunks = stream.map_ok(Vec::from).map_err(move |error| {
                let told = worker::Error::from(error.to_string());
                *noted.borrow_mut() = Some(error);
                told
            });
            let body = FixedLengthStream::wrap(chunks, length);
            match self.bucket()?.put(key.to_string(), body).execute().await {
                Ok(_) => Ok(()),
                Err(error) => Err(fault.borrow_mut().take().unwrap_or_else(|| {
                    if error.to_string().contains("length") {
                        Error::new(Kind::Invalid, "The body is not as long as Content-Length said")
                    } else {
                        upstream(error)
                    }
                })),
            }
        })
    }

    fn begin(&self, key: FileKey) -> impl Future<Output = Result<Self::Upload>> + Send {
        SendFuture::new(async move {
            let upload = self.bucket()?.create_multipart_upload(key.to_string()).execute().await.map_err(upstream)?;
            Ok(R2Upload { upload: SendWrapper::new(upload), parts: SendWrapper::new(Vec::new()) })
        })
    }

    fn get(&self, key: FileKey) -> impl Future<Output = Result<Option<Bytes>>> + Send {
        SendFuture::new(async move {
            let Some(object) = self.bucket()?.get(key.to_string()).execute().await.map_err(upstream)? else {
                return Ok(None);
            };
            let Some(body) = object.body() else { return Ok(None) };
            let bytes = body.bytes().await.map_err(upstream)?;
            #[cfg(feature = "contract")]
            self.trap_on_poison(&bytes);
            Ok(Some(bytes.into()))
        })
    }

    fn open(&self, key: FileKey) -> impl Future<Output = Result<Option<(u64, BoxedBytes)>>> + Send {
        SendFuture::new(async move {
            let Some(object) = self.bucket()?.get(key.to_string()).execute().await.map_err(upstream)? else {
                return Ok(None);
            };
            let Some(body) = object.body() else { return Ok(None) };
            let ResponseBody::Stream(stream) = body.response_body().map_err(upstream)? else { return Ok(None) };
            let chunks: BoxedBytes = Box::pin(worker::Body::new(stream).map_err(upstream));
            Ok(Some((object.size(), chunks)))
        })
    }

    fn delete(&self, key: FileKey) -> impl Future<Output = Result<()>> + Send {
        SendFuture::new(async move { self.bucket()?.delete(key.to_string()).await.map_err(upstream) })
    }
}

impl Queue for WorkerPorts {
    fn enqueue(&self, message: StageMessage, delay_seconds: u32) -> impl Future<Output = Result<()>> + Send {
        SendFuture::new(async move {
            let message = worker::MessageBuilder::new(message).delay_seconds(delay_seconds).build();
            bound(&self.bindings.stages, || self.bindings.env.queue("STAGES"))?.send(message).await.map_err(upstream)
        })
    }
}

impl Clock for WorkerPorts {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(i64::try_from(worker::Date::now().as_millis()).unwrap_or(i64::MAX))
    }
}

impl Random for WorkerPorts {
    fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        if let Err(error) = getrandom::fill(&mut bytes) {
            // Without randomness no id and no secret is safe: better no answer than a guessable one.
            self.log(&format!("no randomness: {error}"));
            std::process::abort();
        }
        bytes
    }
}

impl Host for WorkerPorts {
    fn config(&self) -> &Config {
        &self.bindings.config
    }

    fn log(&self, line: &str) {
        worker::console_log!("{line}");
    }
}
