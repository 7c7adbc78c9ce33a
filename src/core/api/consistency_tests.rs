//! What one dialect does not list, it neither finds nor changes: every call of the vendors' dialects that names a thing,
//! against every kind of thing of one project.

use serde_json::{Value, json};

use super::tests::{memory_ports, request, send, token};
use crate::{
    id::{FileId, JobId},
    service::{
        index::HasJob,
        memory::Memory,
        ports::{Index, Random},
    },
};

/// A project with a job of each kind, a published classifier, one that is only a draft, and a schema.
struct Project {
    ports: Memory,
    token: String,
    id: String,
    published: String,
    draft: String,
    schema: String,
}

/// The kinds of jobs by how they are created, and which dialect lists or answers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// By LlamaCloud's dialect, with rules of its own.
    Classified,
    /// By Limai's, with a route and an extraction.
    Routed,
    /// By Limai's, without being classified.
    Extracted,
    /// By Dial Once's.
    Mail,
}

const KINDS: [Kind; 4] = [Kind::Classified, Kind::Routed, Kind::Extracted, Kind::Mail];

const RULES: &str = r#"[{"label":"invoice","description":"asks for the payment of an amount"}]"#;

impl Project {
    fn new() -> Self {
        let ports = memory_ports();
        let token = token(&ports);
        let mut project = Self {
            ports,
            token,
            id: String::new(),
            published: String::new(),
            draft: String::new(),
            schema: String::new(),
        };
        let id = |answer: Value| answer["id"].as_str().unwrap().to_owned();
        project.id = id(project.get("/v1/project"));
        let schema = json!({ "name": "amounts", "fields": [{ "name": "total", "kind": "money" }] });
        project.schema = id(project.post("/v1/schemas", &schema));
        let rules: Value = serde_json::from_str(RULES).unwrap();
        let routes = json!([{ "label": "invoice", "deployment": "Accounting", "schema_id": project.schema }]);
        let classifier = json!({ "name": "published", "rules": rules, "routes": routes });
        project.published = id(project.post("/v1/classifiers", &classifier));
        let draft = json!({ "name": "draft", "rules": rules, "draft": true });
        project.draft = id(project.post("/v1/classifiers", &draft));
        project
    }

    fn status(&self, method: &str, path: &str, body: &Value) -> u16 {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        send(&self.ports, request(method, path, &self.token, body)).0.status().as_u16()
    }

    fn answer(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (response, body) = send(&self.ports, request(method, path, &self.token, body));
        assert!(response.status().is_success(), "{method} {path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    fn get(&self, path: &str) -> Value {
        self.answer("GET", path, &Value::Null)
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.answer("POST", path, body)
    }

    fn orchestrator(&self, classifier: &str) -> String {
        format!("/api/companies/{}/orchestrators/{classifier}", self.id)
    }

    /// Uploads a file, and returns its id.
    fn file(&self) -> String {
        let announced = self.answer("PUT", "/api/v1/files", &json!({ "name": "bill.txt" }));
        let text = "Invoice 17\n\nPlease pay the total of 119.00 EUR.";
        let mut upload = request("PUT", announced["url"].as_str().unwrap(), "", text);
        upload.headers_mut().insert("content-length", text.len().into());
        assert_eq!(send(&self.ports, upload).0.status(), 200);
        announced["file_id"].as_str().unwrap().to_owned()
    }

    /// Creates a job that waits in the queue, and returns its id.
    fn job(&self, kind: Kind) -> JobId {
        let before = self.ports.stored_jobs();
        match kind {
            Kind::Classified => {
                let rules = json!([{ "type": "invoice", "description": "asks for the payment of an amount" }]);
                let job = json!({ "file_input": self.file(), "configuration": { "rules": rules } });
                self.post("/api/v2/classify", &job);
            }
            Kind::Routed => {
                let path = format!("/api/v1/classify/{}/async", self.published);
                self.post(&path, &json!({ "fileId": self.file() }));
            }
            Kind::Extracted => {
                let path = format!("/api/v1/document/{}/process-file-async/{}", self.schema, self.file());
                self.post(&path, &Value::Null);
            }
            Kind::Mail => {
                let path = format!("{}/classification-async", self.orchestrator(&self.published));
                self.post(&path, &json!({ "mail": { "subject": "Invoice", "body": "Please pay 119.00 EUR" } }));
            }
        }
        let created = self.ports.stored_jobs().into_iter().find(|job| before.iter().all(|old| old.id != job.id));
        created.unwrap().id
    }

    fn run_queue(&self) {
        futures_executor::block_on(self.ports.run_queue());
    }

    fn has_job(&self, id: JobId) -> bool {
        let project = self.id.parse().unwrap();
        futures_executor::block_on(self.ports.index(project, HasJob { id })).unwrap()
    }
}

/// A call of a dialect that names a job: how it is called, whether the job has to have ended, and which kinds of jobs are
/// the dialect's.
struct JobCall {
    method: &'static str,
    path: fn(&Project, &str) -> String,
    ended: bool,
    kinds: &'static [Kind],
}

const JOB_CALLS: [JobCall; 5] = [
    JobCall {
        method: "GET",
        path: |_, job| format!("/api/v2/classify/{job}"),
        ended: true,
        kinds: &[Kind::Classified, Kind::Routed],
    },
    JobCall {
        method: "POST",
        path: |_, job| format!("/api/v2/classify/{job}/cancel"),
        ended: false,
        kinds: &[Kind::Classified, Kind::Routed],
    },
    JobCall {
        method: "DELETE",
        path: |_, job| format!("/api/v2/classify/{job}"),
        ended: true,
        kinds: &[Kind::Classified, Kind::Routed],
    },
    JobCall {
        method: "GET",
        path: |_, job| format!("/api/v1/queue/{job}/status"),
        ended: true,
        kinds: &[Kind::Classified, Kind::Routed, Kind::Extracted],
    },
    JobCall {
        method: "GET",
        path: |project, job| format!("{}/classification-async/{job}", project.orchestrator(&project.published)),
        ended: true,
        kinds: &[Kind::Mail],
    },
];

#[test]
fn a_dialect_finds_its_own_jobs_and_no_others() {
    let project = Project::new();
    for call in JOB_CALLS {
        for kind in KINDS {
            let id = project.job(kind);
            if call.ended {
                project.run_queue();
            }
            let path = (call.path)(&project, &id.to_string());
            let before = project.ports.stored_jobs();
            let status = project.status(call.method, &path, &Value::Null);
            let expected = if call.kinds.contains(&kind) { 200 } else { 404 };
            assert_eq!(status, expected, "{} {path} of a job that is {kind:?}", call.method);
            if expected == 404 {
                assert_eq!(project.ports.stored_jobs(), before, "{} {path} changed the job", call.method);
                assert!(project.has_job(id));
            }
            project.run_queue();
        }
    }
}

#[test]
fn an_unknown_id_reaches_no_job() {
    let project = Project::new();
    project.job(Kind::Mail);
    let known = project.job(Kind::Classified);
    let unknown = [
        JobId::from_bytes(project.ports.random()),
        // The id of a job, but for one bit.
        JobId::from_bytes((known.as_u128() ^ 1).to_be_bytes()),
    ];
    let calls = project.ports.job_calls();
    for id in unknown.map(|id| id.to_string()) {
        for call in JOB_CALLS {
            let path = (call.path)(&project, &id);
            assert_eq!(project.status(call.method, &path, &Value::Null), 404, "{} {path}", call.method);
        }
        let correction = format!("/v1/jobs/{id}/correction");
        assert_eq!(project.status("PUT", &correction, &json!({ "label": "invoice" })), 404);
    }
    assert_eq!(project.ports.job_calls(), calls, "no job object was called");
    assert_eq!(project.status("GET", &format!("/api/v2/classify/{known}"), &Value::Null), 200);
    assert_eq!(project.ports.job_calls(), calls + 1);
}

#[test]
fn a_listing_has_the_jobs_that_are_found() {
    let project = Project::new();
    let jobs = KINDS.map(|kind| (kind, project.job(kind)));
    let listing = project.get("/api/v2/classify?page_size=100");
    let listed: Vec<&str> =
        listing["items"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap()).collect();
    for (kind, id) in jobs {
        let is_found = project.status("GET", &format!("/api/v2/classify/{id}"), &Value::Null) == 200;
        assert_eq!(listed.contains(&&*format!("clj-{id}")), is_found, "{kind:?}");
        let by_id = project.get(&format!("/api/v2/classify?job_ids={id}"));
        assert_eq!(by_id["items"].as_array().unwrap().len() == 1, is_found, "{kind:?} by its id");
    }
}

#[test]
fn corrections_are_of_every_kind_of_job() {
    let project = Project::new();
    for (kind, expected) in [(Kind::Classified, 409), (Kind::Routed, 200), (Kind::Extracted, 409), (Kind::Mail, 200)] {
        let id = project.job(kind);
        project.run_queue();
        let status = project.status("PUT", &format!("/v1/jobs/{id}/correction"), &json!({ "label": "invoice" }));
        assert_eq!(status, expected, "{kind:?}");
    }
}

#[test]
fn a_file_is_found_wherever_it_is_listed() {
    let project = Project::new();
    let file = project.file();
    let unknown = FileId::from_bytes([9; 16]).to_string();
    let rules = json!({ "rules": [{ "type": "a", "description": "any document at all" }] });
    type Call = (&'static str, fn(&Project, &str) -> String, fn(&str) -> Value, u16, u16);
    let calls: [Call; 8] = [
        ("GET", |_, file| format!("/api/v1/beta/files/{file}"), |_| Value::Null, 200, 404),
        ("GET", |_, file| format!("/api/v1/beta/files/{file}/content"), |_| Value::Null, 200, 404),
        ("GET", |_, file| format!("/api/v1/files/{file}"), |_| Value::Null, 200, 404),
        ("GET", |_, file| format!("/api/v1/files/{file}/content"), |_| Value::Null, 200, 404),
        ("GET", |_, file| format!("/api/v1/document/get-file-data?fileId={file}"), |_| Value::Null, 200, 404),
        ("POST", |p, _| format!("/api/v1/classify/{}", p.published), |file| json!({ "fileId": file }), 200, 404),
        ("DELETE", |_, file| format!("/api/v1/beta/files/{file}"), |_| Value::Null, 204, 404),
        ("DELETE", |_, file| format!("/api/v1/files/{file}"), |_| Value::Null, 404, 404),
    ];
    let listed = |project: &Project, file: &str| {
        let items = project.get("/api/v1/beta/files")["items"].clone();
        items.as_array().unwrap().iter().any(|item| item["id"] == format!("dfl-{file}"))
    };
    assert!(listed(&project, &file) && !listed(&project, &unknown));
    // LlamaCloud answers 400 for a file that is not in the project.
    let create = |file: &str| json!({ "file_input": file, "configuration": rules });
    assert_eq!(project.status("POST", "/api/v2/classify", &create(&unknown)), 400);
    for (method, path, body, found, missing) in calls {
        let path_of = |file: &str| path(&project, file);
        assert_eq!(project.status(method, &path_of(&unknown), &body(&unknown)), missing, "{method} unknown");
        assert_eq!(project.status(method, &path_of(&file), &body(&file)), found, "{method} {}", path_of(&file));
    }
    assert!(!listed(&project, &file), "it was deleted");
    assert_eq!(project.status("POST", "/api/v2/classify", &create(&file)), 400);
}

#[test]
fn a_classifier_that_is_only_a_draft_is_of_no_vendor() {
    let project = Project::new();
    let file = project.file();
    let parameters = json!({ "product_type": "classify_v2", "rules": [
        { "type": "claim", "description": "asks for compensation" }] });
    let label = json!({ "name": "claim", "description": "asks for compensation" });
    let mail = json!({ "mail": { "subject": "Invoice", "body": "Please pay 119.00 EUR" } });
    type Call<'a> = (&'a str, String, Value, u16);
    let calls_of = |id: &str| -> Vec<Call<'_>> {
        let orchestrator = project.orchestrator(id);
        vec![
            ("GET", format!("/api/v1/beta/configurations/{id}"), Value::Null, 200),
            ("PUT", format!("/api/v1/beta/configurations/{id}"), json!({}), 200),
            ("PUT", format!("/api/v1/beta/configurations/{id}"), json!({ "name": format!("new {id}") }), 200),
            ("PUT", format!("/api/v1/beta/configurations/{id}"), json!({ "parameters": parameters }), 200),
            ("POST", "/api/v2/classify".to_owned(), json!({ "file_input": file, "configuration_id": id }), 200),
            ("GET", format!("/api/v1/classify/{id}/get-url?filename=a.txt"), Value::Null, 200),
            ("POST", format!("/api/v1/classify/{id}"), json!({ "fileId": file }), 200),
            ("GET", format!("{orchestrator}/classification/labels"), Value::Null, 200),
            ("POST", format!("{orchestrator}/classification/labels"), label.clone(), 201),
            ("POST", format!("{orchestrator}/classification"), mail.clone(), 200),
            ("POST", format!("{orchestrator}/classification-async"), mail.clone(), 200),
            ("DELETE", format!("/api/v1/beta/configurations/{id}"), Value::Null, 204),
        ]
    };
    let listed = |id: &str| {
        let listing = project.get("/api/v1/beta/configurations?page_size=100");
        let items = listing["items"].as_array().unwrap().clone();
        items.iter().any(|item| item["id"] == format!("cfg-{id}"))
    };
    assert!(listed(&project.published) && !listed(&project.draft));
    let draft = project.get(&format!("/v1/classifiers/{}?draft=true", project.draft));
    for (method, path, body, _) in calls_of(&project.draft) {
        assert_eq!(project.status(method, &path, &body), 404, "{method} {path}");
    }
    assert_eq!(project.get(&format!("/v1/classifiers/{}?draft=true", project.draft)), draft, "it is as it was");
    for (method, path, body, expected) in calls_of(&project.published) {
        // The label has gone with the rules of the call before.
        let expected = if path.ends_with("/labels") && method == "POST" { 409 } else { expected };
        assert_eq!(project.status(method, &path, &body), expected, "{method} {path}");
    }
    assert!(!listed(&project.published), "it was deleted");
}

#[test]
fn a_vendor_changes_the_published_version_and_not_the_draft() {
    let project = Project::new();
    let path = format!("/v1/classifiers/{}", project.published);
    let rules = json!([{ "label": "secret", "description": "not yet for anyone to see" }]);
    project.answer("PUT", &path, &json!({ "name": "renamed draft", "rules": rules, "draft": true }));
    let configuration = format!("/api/v1/beta/configurations/{}", project.published);
    let before = project.get(&configuration);
    let renamed = project.answer("PUT", &configuration, &json!({ "name": "renamed" }));
    assert_eq!((&renamed["name"], &renamed["parameters"]), (&json!("renamed"), &before["parameters"]));
    assert_eq!(project.get(&configuration)["parameters"], before["parameters"]);
}

#[test]
fn the_data_of_several_files_is_bounded() {
    let project = Project::new();
    let fields: Vec<_> = (0..100).map(|number| json!({ "name": format!("{number:03}{}", "€".repeat(90)) })).collect();
    let tables: Vec<_> = (0..8).map(|number| json!({ "name": format!("table {number}"), "fields": fields })).collect();
    let wide = project.post("/v1/schemas", &json!({ "name": "wide", "fields": fields, "tables": tables }));
    let file = project.file();
    let path = format!("/api/v1/document/{}/process-file/{file}", wide["id"].as_str().unwrap());
    project.post(&path, &Value::Null);
    let one = project.get(&format!("/api/v1/document/get-file-data?fileId={file}")).to_string().len();
    let fitting = crate::limits::MAX_FILES_DATA_BYTES / one;
    assert!(fitting < 100);
    let of_many = |count: usize| format!("/api/v1/document/get-files-data?fileIds={}", vec![&*file; count].join(","));
    assert_eq!(project.get(&of_many(fitting))["data"].as_array().unwrap().len(), fitting);
    assert_eq!(project.status("GET", &of_many(fitting + 1), &Value::Null), 413);
}

#[test]
fn a_schema_is_found_by_its_id_alone() {
    let project = Project::new();
    for (schema, expected) in [(project.schema.as_str(), 200), ("09090909-0909-4909-8909-090909090909", 404)] {
        let file = project.file();
        let document = format!("/api/v1/document/{schema}");
        let calls = [
            ("GET", format!("{document}/get-url?filename=a.txt"), Value::Null),
            ("POST", format!("{document}/process-file/{file}"), Value::Null),
            ("POST", format!("{document}/process-file-async/{file}"), Value::Null),
            ("POST", format!("{document}/process-files-async"), json!({ "fileIds": [file] })),
        ];
        for (method, path, body) in calls {
            assert_eq!(project.status(method, &path, &body), expected, "{method} {path}");
            project.run_queue();
        }
    }
}
