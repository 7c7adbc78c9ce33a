//! The bytes of files, in R2. Every call has a time limit: the local R2 never answers while the disk is full.

use std::{
    cell::{Cell, RefCell},
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::{
    Stream, StreamExt, TryStreamExt,
    future::{self, Either},
};
use sortroom::{
    error::{Error, ErrorKind, Result},
    limits,
    service::ports::{self, BoxedByteStream, ByteStream, Clock, FileKey, Files, PartUpload, Timer, check_length},
    time::Timestamp,
};
use worker::{
    FixedLengthStream, MultipartUpload, ResponseBody, UploadedPart,
    send::{SendFuture, SendWrapper},
};

use crate::{ports::WorkerPorts, rpc::upstream};

impl WorkerPorts {
    /// What R2 answers, if it does so in time.
    pub(crate) async fn in_time<T>(&self, call: impl Future<Output = worker::Result<T>>) -> Result<T> {
        ports::within(self, limits::STORAGE_TIME, async { call.await.map_err(upstream) }).await
    }

    /// Stores bytes in the bucket.
    pub(crate) async fn put_object(&self, key: String, bytes: Bytes) -> Result<()> {
        self.in_time(self.bucket()?.put(key, Vec::from(bytes)).execute()).await.map(drop)
    }

    /// Bytes in the bucket; None if there are none under the key.
    pub(crate) async fn get_object(&self, key: String) -> Result<Option<Bytes>> {
        let Some(object) = self.in_time(self.bucket()?.get(key).execute()).await? else { return Ok(None) };
        let Some(body) = object.body() else { return Ok(None) };
        Ok(Some(self.in_time(body.bytes()).await?.into()))
    }

    /// Deletes bytes in the bucket, if there are any.
    pub(crate) async fn delete_object(&self, key: String) -> Result<()> {
        self.in_time(self.bucket()?.delete(key)).await
    }
}

/// A multipart upload to R2.
pub struct R2Upload {
    ports: WorkerPorts,
    upload: SendWrapper<MultipartUpload>,
    parts: SendWrapper<Vec<UploadedPart>>,
}

impl PartUpload for R2Upload {
    fn part(&mut self, bytes: Bytes) -> impl Future<Output = Result<()>> + Send {
        SendFuture::new(async move {
            let number = u16::try_from(self.parts.len().saturating_add(1)).unwrap_or(u16::MAX);
            let part = self.ports.in_time(self.upload.upload_part(number, Vec::from(bytes))).await?;
            self.parts.push(part);
            Ok(())
        })
    }

    fn complete(self) -> impl Future<Output = Result<()>> + Send {
        SendFuture::new(async move {
            let Self { ports, upload, parts } = self;
            ports.in_time(upload.0.complete(parts.0)).await.map(drop)
        })
    }

    fn abort(self) -> impl Future<Output = Result<()>> + Send {
        SendFuture::new(async move { self.ports.in_time(self.upload.abort()).await })
    }
}

/// How the storage takes a stream.
struct Taking {
    /// Whether it waits for the next chunk.
    waits: Cell<bool>,
    /// When it last asked for a chunk or got one.
    since: Cell<Timestamp>,
    /// The error of the stream, which the storage does not report.
    error: RefCell<Option<Error>>,
}

/// A stream that notes how it is taken.
struct Noted<S> {
    chunks: S,
    taking: Rc<Taking>,
    ports: WorkerPorts,
}

impl<S: Stream<Item = Result<Bytes>> + Unpin> Stream for Noted<S> {
    type Item = worker::Result<Vec<u8>>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let next = this.chunks.poll_next_unpin(context);
        this.taking.waits.set(next.is_pending());
        this.taking.since.set(this.ports.now());
        next.map(|next| {
            next.map(|chunk| {
                chunk.map(Vec::from).map_err(|error| {
                    let platform_error = worker::Error::from(error.to_string());
                    this.taking.error.replace(Some(error));
                    platform_error
                })
            })
        })
    }
}

/// Ends when the storage has had a chunk, or the end, for longer than it may without asking for more.
async fn stuck(ports: &WorkerPorts, taking: &Taking) {
    loop {
        let now = ports.now();
        // While it waits for a chunk, the time limit of request bodies holds.
        let since = if taking.waits.get() { now } else { taking.since.get() };
        let left = limits::STORAGE_TIME.saturating_sub(now.since(since));
        if left.is_zero() {
            return;
        }
        ports.sleep(left).await;
    }
}

impl Files for WorkerPorts {
    type Upload = R2Upload;

    fn put(&self, key: FileKey, bytes: Bytes) -> impl Future<Output = Result<()>> + Send {
        SendFuture::new(self.put_object(key.to_string(), bytes))
    }

    fn put_stream(
        &self,
        key: FileKey,
        length: u64,
        stream: impl ByteStream,
    ) -> impl Future<Output = Result<()>> + Send {
        SendFuture::new(async move {
            let taking =
                Rc::new(Taking { waits: Cell::new(false), since: Cell::new(self.now()), error: RefCell::default() });
            let chunks = check_length(stream, length).boxed();
            let noted = Noted { chunks, taking: Rc::clone(&taking), ports: self.clone() };
            let body = FixedLengthStream::wrap(noted, length);
            let put = self.bucket()?.put(key.to_string(), body).execute();
            match future::select(pin!(put), pin!(stuck(self, &taking))).await {
                Either::Left((Ok(_), _)) => Ok(()),
                Either::Left((Err(error), _)) => Err(taking.error.take().unwrap_or_else(|| upstream(error))),
                Either::Right(_) => {
                    let error = Error::new(ErrorKind::Upstream { retryable: true }, "The storage takes too long");
                    Err(error.with_source(format!("it took nothing for {:?}", limits::STORAGE_TIME)))
                }
            }
        })
    }

    fn begin(&self, key: FileKey) -> impl Future<Output = Result<Self::Upload>> + Send {
        SendFuture::new(async move {
            let upload = self.in_time(self.bucket()?.create_multipart_upload(key.to_string()).execute()).await?;
            let (upload, parts) = (SendWrapper::new(upload), SendWrapper::new(Vec::new()));
            Ok(R2Upload { ports: self.clone(), upload, parts })
        })
    }

    fn get(&self, key: FileKey) -> impl Future<Output = Result<Option<Bytes>>> + Send {
        SendFuture::new(self.get_object(key.to_string()))
    }

    fn open(&self, key: FileKey) -> impl Future<Output = Result<Option<(u64, BoxedByteStream)>>> + Send {
        SendFuture::new(async move {
            let Some(object) = self.in_time(self.bucket()?.get(key.to_string()).execute()).await? else {
                return Ok(None);
            };
            let Some(body) = object.body() else { return Ok(None) };
            let ResponseBody::Stream(stream) = body.response_body().map_err(upstream)? else { return Ok(None) };
            let chunks: BoxedByteStream = Box::pin(worker::Body::new(stream).map_err(upstream));
            Ok(Some((object.size(), chunks)))
        })
    }

    fn delete(&self, key: FileKey) -> impl Future<Output = Result<()>> + Send {
        SendFuture::new(self.delete_object(key.to_string()))
    }
}
