//! Ids, tokens and signed addresses: texts with a check, of which nobody can make one up.

use sortroom::{
    api::{self, cuid},
    id::JobId,
    service::memory::Memory,
};

use super::{
    Check, Target,
    service::{Service, check_response, percent_encoded},
};
use crate::verdict::require;

pub const IDENTIFIERS: Target = Target {
    name: "identifiers",
    seeds: || {
        let service = Service::new(&api::router::<Memory>());
        let bare = service.job.trim_start_matches("clj-").to_owned();
        let id: JobId = bare.parse().expect("an id");
        let texts = [
            service.job.clone(),
            bare.to_uppercase(),
            bare.replace('-', ""),
            format!("{{{bare}}}"),
            format!("urn:uuid:{bare}"),
            cuid::encode(&id),
            cuid::encode_with_prefix("job", &id),
            bare,
            service.token,
            service.signed,
        ];
        texts.into_iter().map(String::into_bytes).collect()
    },
    dictionary: &[
        b"clj-",
        b"dfl-",
        b"srt_",
        b"job_",
        b"_",
        b"-",
        b".",
        b"{",
        b"}",
        b"urn:uuid:",
        b"0",
        b"f",
        b"F",
        b"z",
        b"/",
        b"%2F",
        b"..",
        b" ",
        b"\n",
        b"00000000-0000-0000-0000-000000000000",
        b"ffffffff-ffff-ffff-ffff-ffffffffffff",
        b"zzzzzzzzzzzzzzzzzzzzzzzzz",
        b"\xc3\xa4",
        b"=",
    ],
    inside: None,
    check: || check(),
};

fn check() -> Check {
    let service = Service::new(&api::router::<Memory>());
    let job: JobId = service.job.trim_start_matches("clj-").parse().expect("an id");
    Box::new(move |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Ok(id) = text.parse::<JobId>() {
            let shown = id.to_string();
            require!(shown.parse::<JobId>().ok() == Some(id), "{text:?} becomes {shown:?}");
            require!(shown.len() == 36 && shown == shown.to_lowercase(), "{text:?} is shown as {shown:?}");
        }
        let read = cuid::decode::<JobId>(&text);
        if let Some(id) = read {
            require!(cuid::decode(&cuid::encode(&id)) == Some(id), "{id} is not read from its own cuid");
        }
        let mut verdict = "unknown";

        // A job is found by its own id, and by another nothing is even asked for.
        let calls = service.ports.job_calls();
        let target = format!("/api/v2/classify/{}", percent_encoded(&text));
        if let Some(response) = service.get(&target).filter(|_| !text.is_empty()) {
            check_response(&target, &response)?;
            let id: Option<JobId> = text.strip_prefix("clj-").unwrap_or(&text).parse().ok();
            if id == Some(job) {
                require!(response.status == 200, "{target}: {}", response.status);
                verdict = "job";
            } else {
                require!(response.status == 404, "{target}: {}", response.status);
                require!(service.ports.job_calls() == calls, "{target}: a job object is asked");
            }
        }

        // A token opens the project, and another costs no call.
        let calls = service.ports.token_calls();
        let authorization = format!("Bearer {text}");
        if let Some(response) = service.send("GET", "/v1/project", &[("authorization", &authorization)], Vec::new()) {
            check_response("/v1/project", &response)?;
            if text.trim() == service.token {
                require!(response.status == 200, "the token is answered with {}", response.status);
                verdict = "token";
            } else {
                require!(response.status == 401, "{text:?} is taken for a token: {}", response.status);
                require!(service.ports.token_calls() == calls, "{text:?} costs a call");
            }
        }

        let target = format!("/files/{}", percent_encoded(&text));
        if let Some(response) = service.send("GET", &target, &[("authorization", "")], Vec::new()) {
            check_response(&target, &response)?;
            let is_signed = text == service.signed;
            require!((response.status == 200) == is_signed, "{target}: {}", response.status);
            if is_signed {
                verdict = "signed";
            }
        }
        Ok(verdict)
    })
}
