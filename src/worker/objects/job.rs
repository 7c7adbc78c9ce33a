//! The place of one job, named `{project}/{job}`.
//!
//! The job is one row, written by one statement in the same turn as the object's alarm: the platform makes what one
//! turn writes one transaction, so that job, outbox and timer cannot part. Between the load and the store of a command
//! nothing is awaited, so that no other event of the object comes between.

use std::{rc::Rc, time::Duration};

use sortroom::{
    error::{Error, Result},
    job::{Command, Job},
    service::{
        host::{self, JobStore, Work},
        ports::{Clock, Host},
        stage,
    },
};
use worker::{DurableObject, Env, Method, Request, Response, State, durable_object};

use super::sql::{Sql, json};
use crate::ports::WorkerPorts;

const RECORD: &str = "SELECT CAST(record AS BLOB) FROM job";

/// How the record of a removed job spells its state. Within a text of the record the quotes would be escaped.
const PURGED: &str = r#""at":"purged""#;

/// One job.
#[durable_object]
pub struct JobObject {
    place: Rc<Place>,
}

/// What an object has. Shared with the work that goes on after an answer.
struct Place {
    state: State,
    sql: Sql,
    ports: WorkerPorts,
}

impl DurableObject for JobObject {
    fn new(state: State, env: Env) -> Self {
        const SCHEMA: &[&str] = &["CREATE TABLE job (one INTEGER PRIMARY KEY CHECK (one = 1), record TEXT NOT NULL)"];
        let sql = Sql::new(&state, "job", SCHEMA);
        Self { place: Rc::new(Place { sql, ports: WorkerPorts::new(env), state }) }
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        if request.method() == Method::Get {
            return self.place.tell().await;
        }
        super::answer(request, async |_, command: Command| {
            let (reply, work) = host::handle(&*self.place, &self.place.ports, command).await?;
            if let Some(work) = work {
                self.place.state.wait_until(run_here(Rc::clone(&self.place), work));
            }
            super::spell(&reply)
        })
        .await
    }

    async fn alarm(&self) -> worker::Result<Response> {
        let Place { state, ports, .. } = &*self.place;
        if let Err(error) = host::wake(&*self.place, ports).await {
            ports.log(&format!("job {:?}: waking failed: {error:#}", state.id().name()));
            // An alarm that fails is retried a few times and then dropped for good; one that is set again is not.
            state.storage().set_alarm(sortroom::limits::ASK_AGAIN).await?;
        }
        Response::empty()
    }
}

impl Place {
    /// Answers [`Command::Get`]. What is stored is the job as the reply spells it, so that it goes out unread.
    async fn tell(&self) -> worker::Result<Response> {
        if let Ok(Some(Ok(record))) = self.sql.cell(RECORD, Vec::new()).map(|record| record.map(String::from_utf8))
            && !record.contains(PURGED)
        {
            return super::respond(Ok(format!(r#"{{"job":{record}}}"#)));
        }
        let reply = host::handle(self, &self.ports, Command::Get).await;
        super::respond(reply.and_then(|(reply, _)| super::spell(&reply)))
    }
}

/// Runs a stage in the invocation that accepted it, after the answer. If it is cut off, the lease runs out and the
/// job's timer gives the stage to the queue.
async fn run_here(place: Rc<Place>, work: Work) {
    let report = stage::run(&place.ports, &work).await;
    if let Err(error) = host::handle(&*place, &place.ports, report).await {
        place.ports.log(&format!("job {}: report failed: {error:#}", work.job.id));
    }
}

impl JobStore for Place {
    fn load(&self) -> Result<Option<Job>> {
        self.sql.record(RECORD, Vec::new())
    }

    async fn store(&self, job: &Job) -> Result<()> {
        self.sql.write("INSERT OR REPLACE INTO job VALUES (1, ?)", vec![json(job)?])?;
        let storage = self.state.storage();
        match job.timer() {
            Some(at) => storage.set_alarm(at.since(self.ports.now()).max(Duration::from_millis(1))).await,
            None => storage.delete_alarm().await,
        }
        .map_err(Error::internal)
    }

    async fn erase(&self) -> Result<()> {
        let storage = self.state.storage();
        storage.delete_alarm().await.map_err(Error::internal)?;
        storage.delete_all().await.map_err(Error::internal)?;
        self.sql.forget();
        Ok(())
    }
}
