//! The core's ports over the bindings of `wrangler.toml`.

use std::{
    cell::{OnceCell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    sync::LazyLock,
    time::Duration,
};

use serde::Serialize;
use sortroom::{
    error::{Quota, Result},
    id::{JobId, ProjectId, TokenId},
    job::Command,
    service::{
        index::{AnyCommand, IndexCommand},
        job_reply::JobReply,
        ports::{
            Clock, Config, Environment, Index, Jobs, Queue, Random, StageMessage, Timer, Tokens, Uploads,
            WebhookMessage,
        },
        tokens::{TokenCommand, TokenReply},
        upload_memory::UploadMemory,
    },
    time::Timestamp,
};
use worker::{
    Bucket, Delay, Env, ObjectNamespace, RateLimiter,
    send::{SendFuture, SendWrapper},
};

use crate::{
    outbound, rate_limits,
    rpc::{self, upstream},
};

/// How long a token record is cached, and so how long a revoked token may still be accepted.
const TOKEN_CACHE_LIFETIME: Duration = Duration::from_secs(30);

/// How many token records are cached: a few hundred bytes each.
const TOKEN_CACHE_ENTRIES: usize = 1_000;

/// The largest file that is classified in the invocation that accepted the job, unless configured otherwise.
const INLINE_MAX_BYTES: u64 = 1024 * 1024;

thread_local! {
    /// What the directory replied, and until when that is believed. None stands for a token that was revoked: its check
    /// holds, so each use would be a call.
    static TOKEN_CACHE: RefCell<BTreeMap<TokenId, (TokenReply, Timestamp)>> = const { RefCell::new(BTreeMap::new()) };

    /// Bindings belong to the Worker and not to a request, so each is looked up once in the life of the instance.
    static BINDINGS: OnceCell<Rc<Bindings>> = const { OnceCell::new() };
}

/// The memory of this instance for uploads in progress.
static UPLOAD_MEMORY: LazyLock<UploadMemory> = LazyLock::new(UploadMemory::default);

/// The bindings of `wrangler.toml`.
struct Bindings {
    env: Env,
    config: Config,
    jobs: OnceCell<ObjectNamespace>,
    indexes: OnceCell<ObjectNamespace>,
    tokens: OnceCell<ObjectNamespace>,
    files: OnceCell<Bucket>,
    /// None if the operator has removed the binding: then there is no limit.
    token_requests: OnceCell<Option<RateLimiter>>,
    project_requests: OnceCell<Option<RateLimiter>>,
    stages: OnceCell<worker::Queue>,
    webhooks: OnceCell<worker::Queue>,
}

/// The value of `cell`, looked up on first use.
fn get_or_look_up<T>(cell: &OnceCell<T>, look_up: impl FnOnce() -> worker::Result<T>) -> Result<&T> {
    if let Some(value) = cell.get() {
        return Ok(value);
    }
    let value = look_up().map_err(upstream)?;
    Ok(cell.get_or_init(|| value))
}

/// The value of a variable of `wrangler.toml`; None if it is absent or empty.
fn text(env: &Env, name: &str) -> Option<String> {
    env.var(name).ok().map(|value| value.to_string()).filter(|value| !value.is_empty())
}

/// The ports.
#[derive(Clone)]
pub struct WorkerPorts {
    bindings: SendWrapper<Rc<Bindings>>,
}

impl Bindings {
    fn new(env: Env) -> Self {
        let text = |name: &str| text(&env, name);
        let config = Config {
            admin_secret: env.secret("ADMIN_SECRET").ok().map(|secret| secret.to_string()),
            previous_admin_secret: env.secret("PREVIOUS_ADMIN_SECRET").ok().map(|secret| secret.to_string()),
            legacy_tokens: text("LEGACY_TOKENS").is_some_and(|value| value == "true"),
            public_url: text("PUBLIC_URL"),
            inline_max_bytes: text("INLINE_MAX_BYTES").and_then(|value| value.parse().ok()).unwrap_or(INLINE_MAX_BYTES),
            outbound: outbound::policy(text),
            token_rate: rate_limits::rate(text("TOKEN_REQUESTS")),
            project_rate: rate_limits::rate(text("PROJECT_REQUESTS")),
        };
        Self {
            env,
            config,
            jobs: OnceCell::new(),
            indexes: OnceCell::new(),
            tokens: OnceCell::new(),
            files: OnceCell::new(),
            token_requests: OnceCell::new(),
            project_requests: OnceCell::new(),
            stages: OnceCell::new(),
            webhooks: OnceCell::new(),
        }
    }
}

impl WorkerPorts {
    /// The ports over the bindings of `env`.
    pub fn new(env: Env) -> Self {
        let bindings = BINDINGS.with(|cell| Rc::clone(cell.get_or_init(|| Rc::new(Bindings::new(env)))));
        Self { bindings: SendWrapper::new(bindings) }
    }

    /// The value of a variable of `wrangler.toml`; None if it is absent or empty.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        text(&self.bindings.env, name)
    }

    /// The platform's counter of the requests towards `quota`; None if there is none.
    pub(crate) fn request_counter(&self, quota: Quota) -> Option<&RateLimiter> {
        let Bindings { env, token_requests, project_requests, .. } = &**self.bindings;
        let (cell, binding) = match quota {
            Quota::Token => (token_requests, "TOKEN_REQUEST_COUNTER"),
            Quota::Project => (project_requests, "PROJECT_REQUEST_COUNTER"),
            Quota::OpenJobs => return None,
        };
        let look_up = || {
            let counter = env.rate_limiter(binding);
            counter.inspect_err(|error| self.log(&format!("requests are not limited: {binding}: {error}"))).ok()
        };
        cell.get_or_init(look_up).as_ref()
    }

    pub(crate) fn bucket(&self) -> Result<&Bucket> {
        get_or_look_up(&self.bindings.files, || self.bindings.env.bucket("FILES"))
    }

    fn namespace<'a>(&'a self, cell: &'a OnceCell<ObjectNamespace>, binding: &str) -> Result<&'a ObjectNamespace> {
        get_or_look_up(cell, || self.bindings.env.durable_object(binding))
    }

    /// Sends a message to the queue with this binding.
    fn send<'a>(
        &'a self,
        cell: &'a OnceCell<worker::Queue>,
        binding: &'static str,
        message: impl Serialize + 'a,
        delay_seconds: u32,
    ) -> impl Future<Output = Result<()>> + Send + 'a {
        SendFuture::new(async move {
            let message = worker::MessageBuilder::new(message).delay_seconds(delay_seconds).build();
            let queue = get_or_look_up(cell, || self.bindings.env.queue(binding))?;
            queue.send(message).await.map_err(upstream)
        })
    }

    /// Traps the instance on one document of the tests, to simulate a document that crashes our parsers.
    #[cfg(feature = "contract")]
    pub(crate) fn trap_on_poison(&self, bytes: &[u8]) {
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
            if let (TokenCommand::Use { .. }, Some((reply, expires_at))) = (&command, cached)
                && self.now() < expires_at
            {
                return Ok(reply);
            }
            let reply: TokenReply =
                rpc::call(self.namespace(&self.bindings.tokens, "TOKENS")?, &command.shard(), &command).await?;
            TOKEN_CACHE.with_borrow_mut(|cache| {
                if cache.len() >= TOKEN_CACHE_ENTRIES {
                    cache.clear();
                }
                let believed = (reply.clone(), self.now() + TOKEN_CACHE_LIFETIME);
                match &command {
                    TokenCommand::Use { .. } => {
                        cache.insert(id, believed);
                    }
                    // It noted no use, so it answers for none that the directory was not asked about.
                    TokenCommand::Get(_) => {
                        cache.entry(id).and_modify(|cached| *cached = believed);
                    }
                    TokenCommand::Put(_) | TokenCommand::Rotate { .. } | TokenCommand::Revoke(_) => {
                        cache.remove(&id);
                    }
                }
            });
            Ok(reply)
        })
    }
}

impl Uploads for WorkerPorts {
    fn upload_memory(&self) -> &UploadMemory {
        &UPLOAD_MEMORY
    }
}

impl Timer for WorkerPorts {
    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send + 'static {
        SendFuture::new(Delay::from(time))
    }
}

impl Queue for WorkerPorts {
    fn enqueue(&self, message: StageMessage, delay_seconds: u32) -> impl Future<Output = Result<()>> + Send {
        self.send(&self.bindings.stages, "STAGES", message, delay_seconds)
    }

    fn enqueue_call(&self, message: WebhookMessage, delay_seconds: u32) -> impl Future<Output = Result<()>> + Send {
        self.send(&self.bindings.webhooks, "WEBHOOKS", message, delay_seconds)
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
