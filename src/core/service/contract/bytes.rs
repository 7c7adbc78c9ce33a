//! The contract of the storage of bytes.

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::{expect, expect_eq, expect_kind};
use crate::{
    error::{Error, ErrorKind, Result},
    id::{FileId, ProjectId},
    limits,
    service::ports::{FileKey, PartUpload, Ports},
};

fn key(ports: &impl Ports) -> FileKey {
    FileKey { project: ProjectId::from_bytes(ports.random()), file: FileId::from_bytes(ports.random()) }
}

/// Bytes in which every byte differs from its neighbours, near and far.
fn pattern(length: usize) -> Bytes {
    (0..length)
        .map(|offset| u8::try_from((offset ^ (offset >> 8) ^ (offset >> 16)) & 0xff).unwrap_or_default())
        .collect()
}

pub(super) async fn file_bytes(ports: &impl Ports) -> Result<()> {
    let key = key(ports);
    expect(ports.get(key).await?.is_none(), "before it is there")?;
    expect(ports.open(key).await?.is_none(), "before it is there")?;
    let bytes = pattern(100_000);
    ports.put(key, bytes.clone()).await?;
    expect(ports.get(key).await? == Some(bytes.clone()), "all at once")?;
    let Some((length, mut chunks)) = ports.open(key).await? else {
        return Err(Error::new(ErrorKind::Internal, "it cannot be opened"));
    };
    expect_eq(&length, &100_000, "its length")?;
    let mut read = Vec::new();
    while let Some(chunk) = chunks.next().await {
        read.extend_from_slice(&chunk?);
    }
    expect(read == bytes, "as a stream")?;
    ports.put(key, Bytes::from_static(b"new")).await?;
    expect(ports.get(key).await?.as_deref() == Some(b"new"), "replaced")?;
    ports.delete(key).await?;
    ports.delete(key).await?;
    expect(ports.get(key).await?.is_none(), "after it is deleted")
}

pub(super) async fn upload_in_parts(ports: &impl Ports) -> Result<()> {
    let bytes = pattern(limits::PART_BYTES * 2 + 17);
    let completed = key(ports);
    let mut upload = ports.begin(completed).await?;
    let aborted = key(ports);
    let mut aborted_upload = ports.begin(aborted).await?;
    let mut rest = bytes.clone();
    while !rest.is_empty() {
        let part = rest.split_to(rest.len().min(limits::PART_BYTES));
        upload.part(part).await?;
    }
    aborted_upload.part(bytes.slice(..limits::PART_BYTES)).await?;
    upload.complete().await?;
    aborted_upload.abort().await?;
    expect(ports.get(completed).await? == Some(bytes), "the parts are one object")?;
    expect(ports.get(aborted).await?.is_none(), "an aborted upload leaves nothing")?;
    ports.delete(completed).await
}

pub(super) async fn streamed_bytes(ports: &impl Ports) -> Result<()> {
    let key = key(ports);
    let chunks = |sizes: &[usize]| stream::iter(sizes.iter().map(|size| Ok(pattern(*size))).collect::<Vec<_>>());
    ports.put_stream(key, 300, chunks(&[100, 200])).await?;
    expect_eq(&ports.get(key).await?.map(|bytes| bytes.len()), &Some(300), "as long as it said")?;
    ports.delete(key).await?;
    expect_kind(ports.put_stream(key, 300, chunks(&[100, 100])).await, ErrorKind::Invalid, "too short")?;
    expect_kind(ports.put_stream(key, 300, chunks(&[200, 200])).await, ErrorKind::Invalid, "too long")?;
    let cut = stream::iter(vec![Ok(pattern(10)), Err(Error::new(ErrorKind::Gone, "cut off"))]);
    expect_kind(ports.put_stream(key, 20, cut).await, ErrorKind::Gone, "cut off")?;
    expect(ports.get(key).await?.is_none(), "nothing of them is stored")
}
