//! The memory of an instance that uploads in progress may take: those whose length is not known before their end, and
//! which are therefore buffered in parts.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    error::{Error, ErrorKind, Result},
    id::ProjectId,
    limits,
};

/// The memory. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct UploadMemory(Arc<Mutex<BTreeMap<ProjectId, usize>>>);

impl UploadMemory {
    fn held(&self) -> MutexGuard<'_, BTreeMap<ProjectId, usize>> {
        // Every change is a single step, so the numbers are right even if a holder of the lock has panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for the bytes of an upload to `project`, which holds none yet.
    pub fn reserve(&self, project: ProjectId) -> Reservation {
        Reservation { memory: self.clone(), project, bytes: 0 }
    }

    /// The number of bytes that are held.
    pub fn bytes(&self) -> usize {
        self.held().values().sum()
    }
}

/// The bytes that one upload holds. They are given back when this is dropped.
#[derive(Debug)]
pub struct Reservation {
    memory: UploadMemory,
    project: ProjectId,
    bytes: usize,
}

impl Reservation {
    /// Changes the number of bytes that the upload holds.
    ///
    /// # Errors
    ///
    /// `Busy` if the project, or all projects together, would hold more than [`limits`] allow. The upload then holds
    /// what it held.
    pub fn resize(&mut self, bytes: usize) -> Result<()> {
        let mut held = self.memory.held();
        let others: usize = held.values().sum::<usize>().saturating_sub(self.bytes);
        let project = held.get(&self.project).map_or(0, |project| project.saturating_sub(self.bytes));
        if bytes > self.bytes
            && (project.saturating_add(bytes) > limits::PROJECT_UPLOAD_MEMORY_BYTES
                || others.saturating_add(bytes) > limits::UPLOAD_MEMORY_BYTES)
        {
            return Err(Error::new(ErrorKind::Busy, "Too many uploads are in progress; try again soon"));
        }
        held.insert(self.project, project.saturating_add(bytes));
        self.bytes = bytes;
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut held = self.memory.held();
        match held.get(&self.project).map_or(0, |project| project.saturating_sub(self.bytes)) {
            0 => held.remove(&self.project),
            rest => held.insert(self.project, rest),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: usize = 5 * 1024 * 1024;

    #[test]
    fn a_project_takes_its_share_and_leaves_room_for_others() {
        let memory = UploadMemory::default();
        let [one, two] = [1, 2].map(|byte| ProjectId::from_bytes([byte; 16]));
        let take = |project| {
            let mut reservation = memory.reserve(project);
            reservation.resize(PART).map(|()| reservation)
        };
        let held: Vec<_> = (0..3).map(|_| take(one).unwrap()).collect();
        assert_eq!(take(one).unwrap_err().kind(), ErrorKind::Busy);
        let others: Vec<_> = (0..3).map(|_| take(two).unwrap()).collect();
        assert_eq!(memory.bytes(), 6 * PART);
        let third = ProjectId::from_bytes([3; 16]);
        assert_eq!(take(third).unwrap_err().kind(), ErrorKind::Busy, "the instance has no more");
        drop(held);
        let mut reservation = take(third).unwrap();
        reservation.resize(1).unwrap();
        drop(others);
        assert_eq!(memory.bytes(), 1);
        drop(reservation);
        assert_eq!(memory.bytes(), 0);
    }

    #[test]
    fn a_refused_upload_keeps_what_it_holds() {
        let memory = UploadMemory::default();
        let mut reservation = memory.reserve(ProjectId::from_bytes([1; 16]));
        reservation.resize(PART).unwrap();
        assert_eq!(reservation.resize(limits::PROJECT_UPLOAD_MEMORY_BYTES + 1).unwrap_err().kind(), ErrorKind::Busy);
        assert_eq!(memory.bytes(), PART);
    }
}
