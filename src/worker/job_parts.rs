//! The parts of jobs that their records have no room for, in the bucket of the files.

use bytes::Bytes;
use sortroom::{
    error::Result,
    service::ports::{JobPartKey, JobParts},
};
use worker::send::SendFuture;

use crate::ports::WorkerPorts;

impl JobParts for WorkerPorts {
    fn put_part(&self, key: JobPartKey, bytes: Bytes) -> impl Future<Output = Result<()>> + Send {
        SendFuture::new(self.put_object(key.to_string(), bytes))
    }

    fn part(&self, key: JobPartKey) -> impl Future<Output = Result<Option<Bytes>>> + Send {
        SendFuture::new(self.get_object(key.to_string()))
    }

    fn delete_part(&self, key: JobPartKey) -> impl Future<Output = Result<()>> + Send {
        SendFuture::new(self.delete_object(key.to_string()))
    }
}
