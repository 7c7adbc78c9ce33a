//! The job object: the Durable Object of one job, named `{project}/{job}`.
//!
//! The job is one row, written by one statement in the same turn as the object's alarm: the platform commits the writes
//! of one turn as one transaction, so that job, outbox and timer stay consistent. A command awaits nothing between its
//! load and its store, so that no other event of the object is handled in between.

use std::{rc::Rc, time::Duration};

use sortroom::{
    error::{Error, Result},
    job::{Command, Job},
    service::{
        job_object::{self, ClaimedStage, JobStore},
        ports::{Clock, Environment},
        stage,
    },
};
use worker::{DurableObject, Env, Method, Request, Response, State, durable_object};

use super::sql::{Sql, json};
use crate::{ports::WorkerPorts, rpc};

const RECORD: &str = "SELECT CAST(record AS BLOB) FROM job";

/// The state of a deleted job in its record. Inside a string of the record the quotes would be escaped.
const DELETED: &str = r#""at":"purged""#;

/// One job.
#[durable_object]
pub struct JobObject {
    store: Rc<JobObjectStore>,
}

/// The state of the object. Shared with a stage that is run inline, which goes on after the response.
struct JobObjectStore {
    state: State,
    sql: Sql,
    ports: WorkerPorts,
}

impl DurableObject for JobObject {
    fn new(state: State, env: Env) -> Self {
        const SCHEMA: &[&str] = &["CREATE TABLE job (one INTEGER PRIMARY KEY CHECK (one = 1), record TEXT NOT NULL)"];
        let sql = Sql::new(&state, "job", SCHEMA);
        Self { store: Rc::new(JobObjectStore { sql, ports: WorkerPorts::new(env), state }) }
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        if request.method() == Method::Get {
            return self.store.respond().await;
        }
        rpc::handle_request(request, async |_, command: Command| {
            let (reply, inline_stage) = job_object::handle(&*self.store, &self.store.ports, command).await?;
            if let Some(stage) = inline_stage {
                self.store.state.wait_until(run_inline(Rc::clone(&self.store), stage));
            }
            rpc::to_json(&reply)
        })
        .await
    }

    async fn alarm(&self) -> worker::Result<Response> {
        let JobObjectStore { state, ports, .. } = &*self.store;
        if let Err(error) = job_object::wake(&*self.store, ports).await {
            ports.log(&format!("job {:?}: waking failed: {error:#}", state.id().name()));
            // The platform retries a failing alarm a few times and then drops it; an alarm that is set again is kept.
            state.storage().set_alarm(sortroom::limits::REDELIVERY_INTERVAL).await?;
        }
        Response::empty()
    }
}

impl JobObjectStore {
    /// Responds to [`Command::Get`]. The record has the format of the reply, so it is sent without parsing.
    async fn respond(&self) -> worker::Result<Response> {
        if let Ok(Some(Ok(record))) = self.sql.cell(RECORD, Vec::new()).map(|record| record.map(String::from_utf8))
            && !record.contains(DELETED)
        {
            return rpc::respond(Ok(format!(r#"{{"job":{record}}}"#)));
        }
        let reply = job_object::handle(self, &self.ports, Command::Get).await;
        rpc::respond(reply.and_then(|(reply, _)| rpc::to_json(&reply)))
    }
}

/// Runs a stage in the invocation that accepted the job, after the response. If it is cut off, the lease expires and
/// the job's timer sends the stage to the queue.
async fn run_inline(store: Rc<JobObjectStore>, stage: ClaimedStage) {
    let report = stage::run_claimed(&store.ports, &stage).await;
    if let Err(error) = job_object::handle(&*store, &store.ports, report).await {
        store.ports.log(&format!("job {}: report failed: {error:#}", stage.job.id));
    }
}

impl JobStore for JobObjectStore {
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

    async fn remove(&self) -> Result<()> {
        // This deletes the alarm too, at the compatibility date of `wrangler.toml`.
        self.state.storage().delete_all().await.map_err(Error::internal)?;
        self.sql.mark_empty();
        Ok(())
    }
}
