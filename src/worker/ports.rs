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
    error::Result,
    id::{JobId, ProjectId, TokenId},
    job::Command,
    service::{
        index::{AnyCommand, IndexCommand},
        job_reply::JobReply,
        ports::{
            BoxedByteStream, ByteStream, Clock, Config, Environment, FileKey, Files, Index, Jobs, PartUpload, Queue,
            Random, StageMessage, Tokens, check_length,
        },
        tokens::{Token, TokenCommand, TokenReply},
    },
    time::Timestamp,
};
use worker::{
    Bucket, Env, FixedLengthStream, MultipartUpload, ObjectNamespace, ResponseBody, UploadedPart,
    send::{SendFuture, SendWrapper},
};

use crate::rpc::{self, upstream};

/// How long a token record is cached, and so how long a revoked token may still be accepted.
const TOKEN_CACHE_LIFETIME: Duration = Duration::from_secs(30);

/// How many token records are cached: a few hundred bytes each.
const TOKEN_CACHE_ENTRIES: usize = 1_000;

/// The largest file that is classified in the invocation that accepted the job, unless configured otherwise.
const INLINE_MAX_BYTES: u64 = 1024 * 1024;

thread_local! {
    static TOKEN_CACHE: RefCell<BTreeMap<TokenId, (Token, Timestamp)>> = const { RefCell::new(BTreeMap::new()) };

    /// Bindings belong to the Worker and not to a request, so each is looked up once in the life of the instance.
    static BINDINGS: OnceCell<Rc<Bindings>> = const { OnceCell::new() };
}

/// The bindings of `wrangler.toml`.
struct Bindings {
    env: Env,
    config: Config,
    jobs: OnceCell<ObjectNamespace>,
    indexes: OnceCell<ObjectNamespace>,
    tokens: OnceCell<ObjectNamespace>,
    files: OnceCell<Bucket>,
    stages: OnceCell<worker::Queue>,
}

/// The value of `cell`, looked up on first use.
fn get_or_look_up<T>(cell: &OnceCell<T>, look_up: impl FnOnce() -> worker::Result<T>) -> Result<&T> {
    if let Some(value) = cell.get() {
        return Ok(value);
    }
    let value = look_up().map_err(upstream)?;
    Ok(cell.get_or_init(|| value))
}

/// The ports.
#[derive(Clone)]
pub struct WorkerPorts {
    bindings: SendWrapper<Rc<Bindings>>,
}

impl Bindings {
    fn new(env: Env) -> Self {
        let inline_max_bytes = env.var("INLINE_MAX_BYTES").ok().and_then(|value| value.to_string().parse().ok());
        let config = Config {
            admin_secret: env.secret("ADMIN_SECRET").ok().map(|secret| secret.to_string()),
            inline_max_bytes: inline_max_bytes.unwrap_or(INLINE_MAX_BYTES),
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
        let bindings = BINDINGS.with(|cell| Rc::clone(cell.get_or_init(|| Rc::new(Bindings::new(env)))));
        Self { bindings: SendWrapper::new(bindings) }
    }

    pub(crate) fn bucket(&self) -> Result<&Bucket> {
        get_or_look_up(&self.bindings.files, || self.bindings.env.bucket("FILES"))
    }

    fn namespace<'a>(&'a self, cell: &'a OnceCell<ObjectNamespace>, binding: &str) -> Result<&'a ObjectNamespace> {
        get_or_look_up(cell, || self.bindings.env.durable_object(binding))
    }

    /// Traps the instance on one document of the tests, to simulate a document that crashes our parsers.
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
                Command::Get => rpc::read(namespace, &name).await,
                command => rpc::call(namespace, &name, &command).await,
            }
        })
    }
}

impl Index for WorkerPorts {
    fn index<C: IndexCommand>(&self, project: ProjectId, command: C) -> impl Future<Output = Result<C::Reply>> + Send {
        let command: AnyCommand = command.into();
        SendFuture::new(async move {
            let namespace = self.namespace(&self.bindings.indexes, "INDEXES")?;
            rpc::call(namespace, &project.to_string(), &command).await
        })
    }
}

impl Tokens for WorkerPorts {
    fn tokens(&self, command: TokenCommand) -> impl Future<Output = Result<TokenReply>> + Send {
        SendFuture::new(async move {
            let id = command.token();
            let cached = TOKEN_CACHE.with_borrow(|cache| cache.get(&id).cloned());
            if let (TokenCommand::Get(_), Some((token, expires_at))) = (&command, cached)
                && self.now() < expires_at
            {
                return Ok(Some(token));
            }
            let reply: TokenReply =
                rpc::call(self.namespace(&self.bindings.tokens, "TOKENS")?, &command.shard(), &command).await?;
            TOKEN_CACHE.with_borrow_mut(|cache| {
                if cache.len() >= TOKEN_CACHE_ENTRIES {
                    cache.clear();
                }
                match (&command, &reply) {
                    (TokenCommand::Get(_), Some(token)) => {
                        cache.insert(id, (token.clone(), self.now() + TOKEN_CACHE_LIFETIME));
                    }
                    _ => {
                        cache.remove(&id);
                    }
                }
            });
            Ok(reply)
        })
    }
}

/// A multipart upload to R2.
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
            // The storage does not report the error of the stream, so it is kept here.
            let stream_error = Rc::new(RefCell::new(None));
            let kept = Rc::clone(&stream_error);
            let chunks = check_length(stream, length).map_ok(Vec::from).map_err(move |error| {
                let platform_error = worker::Error::from(error.to_string());
                *kept.borrow_mut() = Some(error);
                platform_error
            });
            let body = FixedLengthStream::wrap(chunks, length);
            match self.bucket()?.put(key.to_string(), body).execute().await {
                Ok(_) => Ok(()),
                Err(error) => Err(stream_error.borrow_mut().take().unwrap_or_else(|| upstream(error))),
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

    fn open(&self, key: FileKey) -> impl Future<Output = Result<Option<(u64, BoxedByteStream)>>> + Send {
        SendFuture::new(async move {
            let Some(object) = self.bucket()?.get(key.to_string()).execute().await.map_err(upstream)? else {
                return Ok(None);
            };
            let Some(body) = object.body() else { return Ok(None) };
            let ResponseBody::Stream(stream) = body.response_body().map_err(upstream)? else { return Ok(None) };
            let chunks: BoxedByteStream = Box::pin(worker::Body::new(stream).map_err(upstream));
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
            get_or_look_up(&self.bindings.stages, || self.bindings.env.queue("STAGES"))?
                .send(message)
                .await
                .map_err(upstream)
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
            // Without randomness no id and no secret is safe: better to abort than to return a guessable one.
            self.log(&format!("no randomness: {error}"));
            std::process::abort();
        }
        bytes
    }
}

impl Environment for WorkerPorts {
    fn config(&self) -> &Config {
        &self.bindings.config
    }

    fn log(&self, line: &str) {
        worker::console_log!("{line}");
    }
}
