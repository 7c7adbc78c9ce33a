//! The parts of jobs that their records have no room for, in the bucket of the files.

use bytes::Bytes;
use sortroom::{
    error::Result,
    service::ports::{JobPartKey, JobParts},
};
use worker::send::SendFuture;

use crate::{ports::WorkerPorts, rpc::upstream};

impl JobParts for WorkerPorts {
    fn put_part(&self, key: JobPartKey, bytes: Bytes) -> impl Future<Output = Result<()>> + Send {
        SendFuture::new(async move {
            self.bucket()?.put(key.to_string(), Vec::from(bytes)).execute().await.map(drop).map_err(upstream)
        })
    }

    fn part(&self, key: JobPartKey) -> impl Future<Output = Result<Option<Bytes>>> + Send {
        SendFuture::new(async move {
            let Some(object) = self.bucket()?.get(key.to_string()).execute().await.map_err(upstream)? else {
                return Ok(None);
            };
            let Some(body) = object.body() else { return Ok(None) };
            Ok(Some(body.bytes().await.map_err(upstream)?.into()))
        })
    }

    fn delete_part(&self, key: JobPartKey) -> impl Future<Output = Result<()>> + Send {
        SendFuture::new(async move { self.bucket()?.delete(key.to_string()).await.map_err(upstream) })
    }
}
