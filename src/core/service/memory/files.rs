//! The bytes of files, in memory.

use std::pin::pin;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

use super::{FaultPoint, Memory};
use crate::{
    error::Result,
    service::ports::{self, BoxedByteStream, ByteStream, FileKey, Files, PartUpload},
};

/// A multipart upload in memory.
#[derive(Debug)]
pub struct MemoryUpload {
    memory: Memory,
    key: FileKey,
    parts: BytesMut,
}

impl PartUpload for MemoryUpload {
    async fn part(&mut self, bytes: Bytes) -> Result<()> {
        self.memory.check_fault(FaultPoint::Files)?;
        self.parts.extend_from_slice(&bytes);
        Ok(())
    }

    async fn complete(self) -> Result<()> {
        self.memory.check_fault(FaultPoint::Files)?;
        let mut state = self.memory.state();
        state.open_uploads = state.open_uploads.saturating_sub(1);
        state.files.insert(self.key, self.parts.freeze());
        Ok(())
    }

    async fn abort(self) -> Result<()> {
        let mut state = self.memory.state();
        state.open_uploads = state.open_uploads.saturating_sub(1);
        Ok(())
    }
}

impl Files for Memory {
    type Upload = MemoryUpload;

    async fn put(&self, key: FileKey, bytes: Bytes) -> Result<()> {
        self.check_fault(FaultPoint::Files)?;
        self.state().files.insert(key, bytes);
        Ok(())
    }

    async fn put_stream(&self, key: FileKey, length: u64, stream: impl ByteStream) -> Result<()> {
        self.check_fault(FaultPoint::Files)?;
        let mut chunks = pin!(ports::check_length(stream, length));
        let mut bytes = BytesMut::new();
        while let Some(chunk) = chunks.next().await {
            bytes.extend_from_slice(&chunk?);
        }
        self.state().files.insert(key, bytes.freeze());
        Ok(())
    }

    async fn begin(&self, key: FileKey) -> Result<MemoryUpload> {
        self.check_fault(FaultPoint::Files)?;
        self.state().open_uploads += 1;
        Ok(MemoryUpload { memory: self.clone(), key, parts: BytesMut::new() })
    }

    async fn get(&self, key: FileKey) -> Result<Option<Bytes>> {
        self.check_fault(FaultPoint::Files)?;
        Ok(self.state().files.get(&key).cloned())
    }

    async fn open(&self, key: FileKey) -> Result<Option<(u64, BoxedByteStream)>> {
        self.check_fault(FaultPoint::Files)?;
        Ok(self.state().files.get(&key).cloned().map(|bytes| {
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            let stream: BoxedByteStream = Box::pin(futures_util::stream::iter([Ok(bytes)]));
            (length, stream)
        }))
    }

    async fn delete(&self, key: FileKey) -> Result<()> {
        self.check_fault(FaultPoint::Files)?;
        self.state().files.remove(&key);
        Ok(())
    }
}
