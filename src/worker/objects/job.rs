//! The place of one job, named `{project}/{job}`.
//!
//! The job is one row, written by one statement in the same turn as the object's alarm: the platform makes what one
//! turn writes one transaction, so that job, outbox and timer cannot part. Between the load and the store of a command
//! nothing is awaited, so that no other event of the object comes between.

use std::time::Duration;

use sortroom::{
    error::{Error, Result},
    job::{Command, Job},
    service::{
        host::{self, JobStore, Work},
        ports::{Clock, Host, Jobs},
        stage,
    },
};
use worker::{DurableObject, Env, Method, Request, Response, State, durable_object};

use super::sql::{Sql, json};
use crate::ports::WorkerPorts;

/// How the record of a removed job spells its state. Within a text of the record the quotes would be escaped.
const PURGED: &str = r#""at":"purged""#;

/// One job.
#[durable_object]
pub struct JobObject {
    state: State,
    sql: Sql,
    ports: WorkerPorts,
}

impl DurableObject for JobObject {
    fn new(state: State, env: Env) -> Self {
        const SCHEMA: &[&str] = &["CREATE TABLE job (one INTEGER PRIMARY KEY CHECK (one = 1), record TEXT NOT NULL)"];
        Self { sql: Sql::new(&state, SCHEMA), ports: WorkerPorts::new(env), state }
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        if request.method() == Method::Get {
            return self.tell().await;
        }
        super::answer(request, async |_, command: Command| {
            let (reply, work) = host::handle(self, &self.ports, command).await?;
            if let Some(work) = work {
                self.state.wait_until(run_here(self.ports.clone(), work));
            }
            Ok(reply)
        })
        .await
    }

    async fn alarm(&self) -> worker::Result<Response> {
        if let Err(error) = host::wake(self, &self.ports).await {
            self.ports.log(&format!("job {:?}: waking failed: {error:#}", self.state.id().name()));
            // An alarm that fails is retried a few times and then dropped for good; one that is set again is not.
            self.state.storage().set_alarm(sortroom::limits::ASK_AGAIN).await?;
        }
        Response::empty()
    }
}

impl JobObject {
    /// Answers [`Command::Get`]. What is stored is the job as the reply spells it, so that it goes out unread.
    async fn tell(&self) -> worker::Result<Response> {
        if let Ok(Some(record)) = self.sql.text("SELECT record FROM job", Vec::new())
            && !record.contains(PURGED)
        {
            return Ok(Response::builder().fixed(format!(r#"{{"Ok":{{"job":{record}}}}}"#).into_bytes()));
        }
        let reply = host::handle(self, &self.ports, Command::Get).await.map(|(reply, _)| reply);
        super::reply(&reply)
    }
}

/// Runs a stage in the invocation that accepted it, after the answer. If it is cut off, the lease runs out and the
/// job's timer gives the stage to the queue.
async fn run_here(ports: WorkerPorts, work: Work) {
    let report = stage::run(&ports, &work).await;
    if let Err(error) = ports.job(work.job.project, work.job.id, report).await {
        ports.log(&format!("job {}: report failed: {error:#}", work.job.id));
    }
}

impl JobStore for JobObject {
    fn load(&self) -> Result<Option<Job>> {
        self.sql.record("SELECT record FROM job", Vec::new())
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
