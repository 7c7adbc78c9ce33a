//! Saves records of every kind as this version writes them, with jobs in every state, created by requests.

use std::{collections::BTreeMap, fmt::Write, fs, time::Duration};

use axum::{Router, body::Body, http};
use futures_executor::block_on;
use futures_util::StreamExt;
use serde::Serialize;
use serde_json::{Value, json, value::to_raw_value};
use sortroom::{
    api,
    id::{DeliveryId, FileId, JobId, LeaseId, ProjectId, TokenId, WebhookId},
    job::{Command, Endpoint, Failure, Job, JobKind, Notification, Report, Status, WebhookFormat},
    service::{
        index::{
            ChangeWebhook, ClassifierFilter, DeliveryAttempt, DeliveryRecord, DeliveryState, FileFilter, FileOrder,
            GetDelivery, GetProject, GetToken, IndexCommand, JobFilter, JobRow, ListClassifiers, ListFiles, ListJobs,
            ListSchemas, NoteDelivery, PageRequest, SaveWebhook, SavedSchema, Versions,
        },
        memory::{FaultPoint, Memory},
        ports::{Clock, Config, Index, Jobs, Random, StageMessage, Tokens},
        tokens::TokenCommand,
    },
};

use crate::{Saved, records, root};

const ADMIN: &str = "the operator's secret";

const INVOICE: &str = "INVOICE\nInvoice number: KS-2026-0147\nInvoice date: 4 March 2026\nLine items: chair, 2 x 130.00\n\
                       Amount due: 312.00 GBP\n";
const POEM: &str = "The moon hangs low above the silver sea\nand whispers to the reeds of things to be.\n";
/// The first bytes of a program.
const PROGRAM: &str = "\u{7f}ELF\u{2}\u{1}\u{1}\0\0\0\0\0\0\0\0\0";

#[test]
#[ignore = "writes the folder of this version: for a release"]
fn save() {
    let folder = root().join(env!("CARGO_PKG_VERSION"));
    let mut kinds = BTreeMap::<&str, BTreeMap<String, Saved>>::new();
    for (kind, case, saved) in World::new().records() {
        assert_eq!(records::read(kind, &saved), Ok(saved.is.clone()), "{kind}, {case}");
        assert!(kinds.entry(kind).or_default().insert(case.clone(), saved).is_none(), "two {kind} are {case}");
    }
    fs::create_dir_all(&folder).expect("a folder");
    for (kind, cases) in kinds {
        let path = folder.join(format!("{kind}.json"));
        assert!(!path.exists(), "{} is there: what a release saved stays as it is", path.display());
        fs::write(path, to_json(&cases)).expect("a file");
    }
}

/// The cases as JSON, with one line for each member of a case.
fn to_json(cases: &BTreeMap<String, Saved>) -> String {
    let mut text = String::new();
    for (case, Saved { is, classification, record }) in cases {
        text += if text.is_empty() { "{\n" } else { ",\n" };
        writeln!(text, "  \"{case}\": {{\n    \"is\": {is},").expect("a text");
        if let Some(classification) = classification {
            writeln!(text, "    \"classification\": {classification},").expect("a text");
        }
        write!(text, "    \"record\": {record}\n  }}").expect("a text");
    }
    text + "\n}\n"
}

fn saved(is: Value, record: &impl Serialize) -> Saved {
    Saved { is, classification: None, record: to_raw_value(record).expect("JSON") }
}

/// A service in memory with one project.
struct World {
    ports: Memory,
    router: Router,
    project: ProjectId,
    token: String,
    jobs: Vec<(&'static str, JobId)>,
}

impl World {
    fn new() -> Self {
        // No request classifies inline, so that every state can be reached.
        let config = Config { admin_secret: Some(ADMIN.to_owned()), ..Config::default() };
        let router = api::router::<Memory>();
        let ports = Memory::new(config);
        let mut world = Self {
            project: ProjectId::from_bytes(ports.random()),
            ports,
            router,
            token: ADMIN.to_owned(),
            jobs: Vec::new(),
        };
        let project = json!({ "name": "Accounts", "organization_name": "Acme", "retention_days": 3660 });
        world.project = id(&world.post("/v1/projects", &project), "id");
        world
    }

    /// Sends a request, and returns the status and body of the response.
    fn request(&self, method: &str, target: &str, body: String) -> (u16, Value) {
        // No two requests are in the same millisecond, so that the order of listings is deterministic.
        self.ports.advance(Duration::from_millis(1));
        let target = target.strip_prefix("https://sortroom.test").unwrap_or(target);
        let request = http::Request::builder()
            .method(method)
            .uri(target)
            .header("host", "sortroom.test")
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .header("content-length", body.len())
            .body(Body::from(body))
            .expect("a request");
        let (parts, body) = block_on(api::serve(&self.router, self.ports.clone(), request)).into_parts();
        let chunks: Vec<_> = block_on(body.into_data_stream().collect());
        let bytes: Vec<u8> = chunks.into_iter().flat_map(|chunk| chunk.expect("a chunk")).collect();
        (parts.status.as_u16(), serde_json::from_slice(&bytes).unwrap_or_default())
    }

    fn send(&self, method: &str, target: &str, body: &Value) -> Value {
        let (status, answer) = self.request(method, target, body.to_string());
        assert!(status < 300, "{method} {target}: {status} {answer}");
        answer
    }

    fn post(&self, target: &str, body: &Value) -> Value {
        self.send("POST", target, body)
    }

    /// Uploads a text, and returns its file id.
    fn upload(&self, name: &str, text: &str) -> FileId {
        let announced = self.send("PUT", "/api/v1/files", &json!({ "name": name, "external_file_id": "crm-7" }));
        let (status, answer) = self.request("PUT", &member(&announced, "url"), text.to_owned());
        assert!(status < 300, "{name}: {status} {answer}");
        id(&announced, "file_id")
    }

    /// Creates a job for the file, as `case`.
    fn create(&mut self, case: &'static str, file: FileId, extra_members: &Value) -> JobId {
        let mut body = json!({ "file_input": format!("dfl-{file}"), "configuration": { "rules": [
            { "type": "invoice", "description": "Invoice with an invoice number, line items and an amount due" },
            { "type": "letter", "description": "A letter from one person to another with a salutation" },
        ] } });
        body.as_object_mut().expect("an object").extend(extra_members.as_object().cloned().unwrap_or_default());
        let job = id(&self.post("/api/v2/classify", &body), "id");
        self.jobs.push((case, job));
        job
    }

    /// Classifies the file with a saved classifier; its extraction goes through the queue.
    fn classify_async(&mut self, case: &'static str, classifier: &str, file: FileId) {
        self.post(&format!("/api/v1/classify/{classifier}/async"), &json!({ "fileId": file.to_string() }));
        self.assign_case(case);
    }

    /// Submits a mail with a reference and metadata.
    fn mail(&mut self, case: &'static str, orchestrator: &str) {
        let mail = json!({
            "mail": { "subject": "Request for refund", "body": "Hi, I would like a refund for my recent order..." },
            "external_ref": "123-azd-456",
            "external_metadata": { "customer_id": "abc-789" },
        });
        let target = format!("/api/companies/{}/orchestrators/{orchestrator}/classification-async", self.project);
        self.post(&target, &mail);
        self.assign_case(case);
    }

    /// Assigns `case` to the only job without one.
    fn assign_case(&mut self, case: &'static str) {
        let known = |job: &&Job| self.jobs.iter().all(|(_, id)| *id != job.id);
        let new: Vec<JobId> = self.ports.stored_jobs().iter().filter(known).map(|job| job.id).collect();
        let [job] = new[..] else { panic!("{case}: {new:?}") };
        self.jobs.push((case, job));
    }

    fn command(&self, job: JobId, command: Command) {
        block_on(self.ports.job(self.project, job, command)).expect("a reply");
    }

    fn claim(&self, job: JobId) -> LeaseId {
        let lease = LeaseId::from_bytes(self.ports.random());
        self.command(job, Command::Claim { lease });
        lease
    }

    fn index<C: IndexCommand>(&self, command: C) -> C::Reply {
        block_on(self.ports.index(self.project, command)).expect("a reply")
    }

    /// Fills the project, and returns every record with its kind and case.
    fn records(mut self) -> Vec<(&'static str, String, Saved)> {
        let target = format!("/v1/projects/{}/tokens", self.project);
        let lasting = self.post(&target, &json!({ "name": "lasting" }));
        let expiring = json!({ "name": "expiring", "expires_at": "2036-01-01T00:00:00Z", "scopes": ["read"] });
        let expiring = self.post(&target, &expiring);
        self.token = member(&lasting, "token");
        let classifier = self.configure();
        let orchestrator = member(
            &self.post(
                "/v1/classifiers",
                &json!({ "name": "mails", "rules": [
                    { "label": "refund_request", "description": "The customer asks for a refund of a recent order" },
                    { "label": "delivery_problem", "description": "A parcel is late, lost or arrived damaged" },
                ] }),
            ),
            "id",
        );
        let never_submitted = self.create_jobs(&classifier, &orchestrator);

        let mut records = Vec::new();
        for (case, token) in [("lasting", &lasting), ("expiring", &expiring)] {
            let token = block_on(self.ports.tokens(TokenCommand::Get(id::<TokenId>(token, "id"))));
            let token = token.expect("a reply").expect("a token");
            records.push(("tokens", case.to_owned(), saved(records::token(&token), &token)));
            let listed = self.index(GetToken { id: token.id }).expect("a row");
            records.push(("listed_tokens", case.to_owned(), saved(records::listed_token(&listed), &listed)));
        }
        self.index_records(never_submitted, &mut records);
        for job in self.ports.stored_jobs() {
            let (case, _) = self.jobs.iter().find(|(_, id)| *id == job.id).expect("a case");
            records.push(("jobs", (*case).to_owned(), saved(records::job(&job), &job)));
        }
        for (case, job_case, stage) in [("first", "queued", 0), ("second_stage", "classified_and_to_be_extracted", 1)] {
            let (_, job) = *self.jobs.iter().find(|(case, _)| *case == job_case).expect("a job");
            let message = StageMessage { project: self.project, job, stage, attempts_made: 0 };
            records.push(("messages", case.to_owned(), saved(records::message(&message), &message)));
        }
        records
    }

    /// Saves schemas and a classifier, and returns the classifier's id.
    fn configure(&self) -> String {
        let invoice = self.post(
            "/v1/schemas",
            &json!({
                "name": "Invoice",
                "fields": [
                    { "name": "invoice_number", "kind": "id" },
                    { "name": "invoice_date", "kind": "date", "description": "The day it was issued" },
                    { "name": "total_amount", "kind": "money", "synonyms": ["amount due"] },
                    { "name": "paid", "kind": "label", "options": ["yes", "no"] },
                ],
                "tables": [{ "name": "items", "description": "What is charged", "fields": [{ "name": "price", "kind": "money" }] }],
            }),
        );
        let receipt = json!({ "name": "Receipt", "fields": [{ "name": "total", "kind": "money" }] });
        let receipt = self.post("/v1/schemas", &receipt);
        let classifier = self.post(
            "/v1/classifiers",
            &json!({
                "name": "documents",
                "rules": [
                    { "label": "invoice", "description": "Invoice with an invoice number, line items and an amount due",
                      "examples": ["Invoice 12, amount due 80.00"] },
                    { "label": "receipt", "description": "Receipt of a purchase that was paid at a till" },
                ],
                "settings": { "language": "en", "no_match_bias": 0.25 },
                "routes": [
                    { "label": "invoice", "deployment": "Invoice Processing", "schema_id": member(&invoice, "id") },
                    { "label": "receipt", "deployment": "Expenses", "schema_id": member(&receipt, "id") },
                ],
            }),
        );
        member(&classifier, "id")
    }

    /// Creates jobs in every state; returns the one that is only in the index.
    fn create_jobs(&mut self, classifier: &str, orchestrator: &str) -> JobId {
        let invoice = self.upload("invoice.txt", INVOICE);
        let poem = self.upload("poem.txt", POEM);
        let program = self.upload("program", PROGRAM);
        let followed = self.upload("followed.txt", INVOICE);
        let extracted = self.upload("extracted.txt", INVOICE);
        let waiting = self.upload("waiting.txt", INVOICE);
        self.send("PUT", "/api/v1/files", &json!({ "name": "announced.txt", "external_file_id": "crm-7" }));

        // Jobs that end.
        self.create("succeeded", invoice, &json!({ "transaction_id": "once" }));
        self.create("no_match", poem, &json!({}));
        self.create("failed", program, &json!({}));
        let removed = self.create("removed", poem, &json!({}));
        self.mail("mail_succeeded", orchestrator);
        self.classify_async("extracted", classifier, followed);
        let schemas = self.schemas();
        let invoices = schemas.iter().find(|schema| schema.name == "Invoice").expect("a schema").id;
        self.send("POST", &format!("/api/v1/document/{invoices}/process-file-async/{extracted}"), &json!({}));
        self.assign_case("extraction_only");
        block_on(self.ports.run_queue());
        self.ports.inject_fault(&[FaultPoint::Indexes]);
        self.command(removed, Command::Delete);
        self.ports.inject_fault(&[]);

        let cancelled = self.create("cancelled", invoice, &json!({}));
        self.post(&format!("/api/v2/classify/{cancelled}/cancel"), &json!({}));
        let dead = self.create("dead_letter", invoice, &json!({}));
        self.command(dead, Command::DeadLetter { stage: 0, attempts_made: 0 });

        // Jobs that have not ended.
        self.create("queued", invoice, &json!({}));
        self.mail("mail_queued", orchestrator);
        self.classify_async("classified_and_to_be_extracted", classifier, waiting);
        let running = self.create("running", invoice, &json!({}));
        self.claim(running);
        let retried = self.create("retried", invoice, &json!({}));
        let lease = self.claim(retried);
        let failure =
            Failure { code: "INTERNAL".to_owned(), message: "Try again".to_owned(), format: None, retryable: true };
        self.command(retried, Command::Report { lease, report: Report::Failed(failure) });

        // Jobs with effects that were not delivered.
        self.ports.inject_fault(&[FaultPoint::Queue]);
        self.create("owing_to_the_queue", invoice, &json!({}));
        self.ports.inject_fault(&[]);
        let claimed = self.create("owing_to_the_index", invoice, &json!({}));
        self.ports.inject_fault(&[FaultPoint::Indexes]);
        self.claim(claimed);
        self.ports.inject_fault(&[FaultPoint::Jobs]);
        let body = json!({ "file_input": format!("dfl-{invoice}"), "configuration": { "rules": [
            { "type": "invoice", "description": "Invoice with an invoice number" }] }, "transaction_id": "lost" });
        let (status, answer) = self.request("POST", "/api/v2/classify", body.to_string());
        assert!(status >= 500, "{status} {answer}");
        self.ports.inject_fault(&[]);
        let known: Vec<JobId> = self.jobs.iter().map(|(_, job)| *job).collect();
        let rows = self.rows();
        rows.iter().find(|job| !known.contains(&job.id)).expect("a row without its job").id
    }

    fn schemas(&self) -> Vec<SavedSchema> {
        self.index(ListSchemas { page: PageRequest { size: 100, after: None } }).items
    }

    fn rows(&self) -> Vec<Job> {
        let mut rows = Vec::new();
        for kind in [JobKind::Document, JobKind::Mail, JobKind::Extraction] {
            let filter = JobFilter { kind: Some(kind), ..JobFilter::default() };
            let page = PageRequest { size: 100, after: None };
            rows.extend(self.index(ListJobs { filter, page }).into_jobs().expect("rows").0);
        }
        rows
    }

    fn index_records(&self, never_submitted: JobId, records: &mut Vec<(&'static str, String, Saved)>) {
        for job in self.rows() {
            let case = self.jobs.iter().find(|(_, id)| *id == job.id).map(|(case, _)| *case);
            let case = case.unwrap_or_else(|| {
                assert_eq!(job.id, never_submitted);
                "never_submitted"
            });
            let row = JobRow::of(&job).expect("a row");
            let classification = Some(to_raw_value(&*job.classification).expect("JSON"));
            let saved = Saved { classification, ..saved(records::job(&job), &row) };
            records.push(("job_rows", case.to_owned(), saved));
        }
        let project = self.index(GetProject).expect("a project");
        records.push(("projects", "project".to_owned(), saved(records::project(&project), &project)));
        for schema in self.schemas() {
            records.push(("schemas", schema.name.to_lowercase(), saved(records::schema(&schema), &schema)));
        }
        let page = PageRequest { size: 100, after: None };
        let files = self.index(ListFiles { filter: FileFilter::default(), order: FileOrder::Name, page });
        for (case, name) in
            [("announced", "announced.txt"), ("uploaded", "invoice.txt"), ("uploaded_with_job", "waiting.txt")]
        {
            let file = files.items.iter().find(|file| file.name == name).expect("a file");
            records.push(("files", case.to_owned(), saved(records::file(file), file)));
        }
        self.classifier_records(records);
        self.webhook_records(records);
    }

    /// A webhook with everything, one with nothing that may be absent, and a call of the first about a job and of the
    /// second as a test.
    fn webhook_records(&self, records: &mut Vec<(&'static str, String, Saved)>) {
        let save = |format, headers: &[&str], secret: Option<&str>, events: Option<&str>| {
            let endpoint = Endpoint {
                url: "https://hooks.example/?a=1".to_owned(),
                format,
                headers: headers.iter().map(|name| ((*name).to_owned(), "1".to_owned())).collect(),
                secret: secret.map(str::to_owned),
            };
            let (id, events) = (WebhookId::from_bytes(self.ports.random()), events.map(|event| vec![event.to_owned()]));
            let every_job = events.is_none();
            let output_format = secret.map(|_| "json".to_owned());
            self.index(SaveWebhook { id, endpoint, events, every_job, output_format })
        };
        let full = save(WebhookFormat::LlamaCloud, &["x-key"], Some("hush"), Some("classify.success"));
        let bare = save(WebhookFormat::Standard, &[], None, None);
        let (endpoint, events, output_format, enabled) = (None, None, None, Some(false));
        let disable = ChangeWebhook { id: full.id, endpoint, events, output_format, enabled };
        let full = self.index(disable).expect("a webhook");
        let (_, job) = self.jobs.iter().find(|(case, _)| *case == "succeeded").expect("a job");
        let at = self.ports.now();
        let notification = Notification { webhook: 0, status: Status::Succeeded, version: 2, at };
        let about_job = (Some(*job), Some(notification), DeliveryState::Pending);
        let cases = [("full", full, about_job), ("bare", bare, (None, None, DeliveryState::Delivered))];
        for (case, webhook, (job, notification, state)) in cases {
            let record = DeliveryRecord {
                id: DeliveryId::from_bytes(self.ports.random()),
                webhook: Some(webhook.id),
                job,
                notification,
                url: webhook.endpoint.url.clone(),
                event: "test".to_owned(),
                request: "{}".to_owned(),
                state,
                created_at: at,
                attempts: Vec::new(),
            };
            let id = record.id;
            let (status, answer) = job.map_or((Some(200), None), |_| (Some(500), Some("no".to_owned())));
            let answered = DeliveryAttempt { at, millis: 7, status, answer, error: None };
            self.index(NoteDelivery { record: record.clone(), attempt: answered.clone(), disable: false });
            if job.is_some() {
                let error = Some("It did not answer".to_owned());
                let attempt = DeliveryAttempt { status: None, answer: None, error, ..answered };
                self.index(NoteDelivery { record, attempt, disable: false });
            }
            let delivery = self.index(GetDelivery { id }).expect("a call");
            records.push(("webhooks", case.to_owned(), saved(records::webhook(&webhook), &webhook)));
            records.push(("deliveries", case.to_owned(), saved(records::delivery(&delivery), &delivery)));
        }
    }

    /// The versions of the classifier of documents: the first one, one with a renamed label, and a draft.
    fn classifier_records(&self, records: &mut Vec<(&'static str, String, Saved)>) {
        let filter = ClassifierFilter { versions: Versions::All, ..ClassifierFilter::default() };
        let page = PageRequest { size: 100, after: None };
        let list = ListClassifiers { filter, page };
        let before = self.index(list.clone());
        let documents = before.items.iter().find(|version| version.name == "documents").expect("a classifier");
        let labels = format!("/api/companies/{}/orchestrators/{}/classification/labels", self.project, documents.id);
        let rule = documents.rule_id("invoice");
        self.send("PATCH", &format!("{labels}/{rule}"), &json!({ "name": "bill" }));
        let rules = json!([{ "label": "bill", "description": "Any bill at all, whoever sends it" }]);
        self.send("PUT", &format!("/v1/classifiers/{}", documents.id), &json!({ "rules": rules, "draft": true }));
        for version in &self.index(list).items {
            let case = match &*version.name {
                "mails" => "without_routes",
                _ if version.draft => "draft",
                _ if version.rule_ids_by_label.is_empty() => "first",
                _ => "renamed",
            };
            records.push(("classifiers", case.to_owned(), saved(records::classifier(version), version)));
        }
    }
}

fn member(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap_or_else(|| panic!("{answer} has no {name}")).to_owned()
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(answer: &Value, name: &str) -> T {
    let text = member(answer, name);
    // Some dialects prefix ids with three letters.
    let bare = text.get(4..).filter(|_| text.as_bytes().get(3) == Some(&b'-')).unwrap_or(&text);
    bare.parse().expect("an id")
}
