//! The least that a Worker in Rust must do to keep a row in an object and to put a message on a queue: what `npm run
//! bench` holds Sortroom against. No router, no token, no checks, no classification.
//!
//! - `POST /create`: the body becomes the one row of a new object, and a message goes on the queue; answers its name.
//! - `PUT /{name}/{rows}`: the body becomes so many rows of one object, before anything is measured.
//! - `GET /{name}/{rows}`: so many rows of an object, as a JSON array.

use serde::{Deserialize, Serialize};
use worker::{
    Context, DurableObject, Env, MessageBatch, MessageExt, Method, Request, RequestInit, Response, Result, SqlStorage,
    SqlStorageValue, State, durable_object, event,
};

/// A message of the size of ours.
#[derive(Serialize, Deserialize)]
struct Message {
    name: String,
    stage: u32,
    attempt: u32,
}

#[event(fetch)]
async fn fetch(mut request: Request, env: Env, _context: Context) -> Result<Response> {
    let objects = env.durable_object("ROWS")?;
    if request.method() == Method::Get {
        let path = request.path();
        let name = path.split('/').nth(1).unwrap_or_default();
        return objects.get_by_name(name)?.fetch_with_str(&format!("https://object{path}")).await;
    }
    let mut init = RequestInit::new();
    init.with_method(Method::Put).with_body(Some(request.text().await?.into()));
    if request.method() == Method::Put {
        let path = request.path();
        let name = path.split('/').nth(1).unwrap_or_default();
        let put = Request::new_with_init(&format!("https://object{path}"), &init)?;
        return objects.get_by_name(name)?.fetch_with_request(put).await;
    }
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| error.to_string())?;
    let name = uuid::Builder::from_random_bytes(random).into_uuid().to_string();
    let put = Request::new_with_init(&format!("https://object/{name}/1"), &init)?;
    objects.get_by_name(&name)?.fetch_with_request(put).await?;
    env.queue("STAGES")?.send(Message { name: name.clone(), stage: 0, attempt: 0 }).await?;
    Response::ok(name)
}

#[event(queue)]
async fn queue(batch: MessageBatch<Message>, _env: Env, _context: Context) -> Result<()> {
    for message in batch.raw_iter() {
        message.ack();
    }
    Ok(())
}

/// Rows.
#[durable_object]
struct Rows {
    sql: SqlStorage,
}

impl DurableObject for Rows {
    fn new(state: State, _env: Env) -> Self {
        Self { sql: state.storage().sql() }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let path = request.path();
        let rows = path.rsplit('/').next().and_then(|rows| rows.parse().ok()).unwrap_or(1);
        if request.method() == Method::Get {
            let rows = self
                .sql
                .exec("SELECT record FROM rows ORDER BY id DESC LIMIT ?", vec![SqlStorageValue::Integer(rows)])?;
            let mut answer = String::from("[");
            for row in rows.raw() {
                let Some(SqlStorageValue::String(record)) = row?.into_iter().next() else { continue };
                if answer.len() > 1 {
                    answer.push(',');
                }
                answer.push_str(&record);
            }
            answer.push(']');
            return Ok(Response::builder().fixed(answer.into_bytes()));
        }
        let record = request.text().await?;
        self.sql.exec("CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, record TEXT NOT NULL)", Vec::new())?;
        for _ in 0..rows {
            self.sql.exec("INSERT INTO rows (record) VALUES (?)", vec![SqlStorageValue::String(record.clone())])?;
        }
        Response::ok("")
    }
}
