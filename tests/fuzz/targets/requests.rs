//! Requests to the API: the first lines of an input are the request line and the headers; after an empty one comes the
//! body.

use futures_executor::block_on;
use sortroom::{api, service::memory::Memory};

use super::{
    Check, Target, seeds,
    service::{Response, Service, check_response, check_status},
};
use crate::{inside::json, verdict::require};

pub const JSON: Target = Target {
    name: "json",
    seeds: || requests("json"),
    dictionary: &[
        b"null",
        b"true",
        b"[]",
        b"{}",
        b"\"\"",
        b"0",
        b"-0",
        b"1e400",
        b"1E-400",
        b"\"\\ud800\"",
        b"\"\\u0000\"",
        b"[[[[[[[[",
        b"{\"a\":",
        b",",
        b":",
        b"\\",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\"rules\":",
        b"\"label\":",
        b"\"description\":",
        b"\"examples\":",
        b"\"text\":",
        b"\"mail\":",
        b"\"settings\":",
        b"\"schema\":",
        b"\"fields\":",
        b"\"tables\":",
        b"\"cases\":",
        b"\"name\":",
        b"\"kind\":",
        b"\"configuration\":",
        b"\"file_input\":",
        b"\"classifier_id\":",
        b"?",
        b"&",
        b"page_size=",
        b"page_token=",
        b"draft=",
        b"%00",
        b"%FF",
        b"%2F",
        b"/v1/",
        b"/api/v2/",
        b"..",
        b"GET",
        b"PUT",
        b"DELETE",
        b"HEAD",
        b"content-type: ",
        b"content-length: 99999999999",
    ],
    inside: Some(json::edit),
    check: || check(),
};

pub const FORM: Target = Target {
    name: "form",
    seeds: || requests("form"),
    dictionary: &[
        b"--B",
        b"--B--",
        b"\r\n",
        b"\r\n\r\n",
        b"\r\n--B\r\n",
        b"Content-Disposition: form-data; name=\"file\"; filename=\"a.txt\"",
        b"Content-Disposition: form-data; name=\"rules\"",
        b"; filename=\"\"",
        b"; filename*=utf-8''%C3%A4",
        b"name=",
        b"\"",
        b"Content-Type: ",
        b"text/plain; charset=utf-16",
        b"application/json",
        b"Content-Transfer-Encoding: base64",
        b"content-type: multipart/form-data; boundary=",
        b"boundary=\"B\"",
        b"multipart/mixed",
        b"content-length: 0",
        b"\xff",
        b"\0",
        b"[{\"label\":\"a\",\"description\":\"b\"}]",
        b"file",
        b"purpose",
        b"external_file_id",
        b"settings",
        b"schema",
        b"upload_file",
    ],
    inside: None,
    check: || check(),
};

/// The requests of a folder, about what is in the service.
fn requests(folder: &str) -> Vec<Vec<u8>> {
    let service = Service::new(&api::router::<Memory>());
    let names = [
        ("{project}", &service.project),
        ("{classifier}", &service.classifier),
        ("{schema}", &service.schema),
        ("{file}", &service.file),
        ("{job}", &service.job),
    ];
    let bind = |request: Vec<u8>| {
        let text = String::from_utf8(request).expect("UTF-8");
        names.iter().fold(text, |text, (name, id)| text.replace(name, id)).into_bytes()
    };
    seeds(folder, &[]).into_iter().map(bind).collect()
}

/// Sends a request to a new service, and checks that the service still answers others. None if the input cannot be sent as
/// a request.
fn send(
    router: &axum::Router,
    target: &str,
    method: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Option<Response>, crate::verdict::Fault> {
    let service = Service::new(router);
    let Some(response) = service.send(method, target, headers, body.to_vec()) else { return Ok(None) };
    if method == "HEAD" {
        check_status(target, &response)?;
    } else {
        check_response(target, &response)?;
    }
    block_on(service.ports.run_queue());
    block_on(service.ports.wake_all());
    let failed: Vec<_> = service.ports.logged().into_iter().filter(|line| line.contains(": 5")).collect();
    require!(failed.is_empty(), "the log has {failed:?}");
    require!(service.ports.open_uploads() == 0, "{target}: an upload is left open");
    require!(service.get("/v1/health").is_some_and(|health| health.status == 200), "{target}: no health after it");
    Ok(Some(response))
}

fn check() -> Check {
    let router = api::router::<Memory>();
    Box::new(move |bytes| {
        let end = bytes.windows(2).position(|window| window == b"\n\n");
        let (head, body) = end.map_or((bytes, &b""[..]), |end| (&bytes[..end], &bytes[end + 2..]));
        let head = String::from_utf8_lossy(head);
        let mut lines = head.lines();
        let (method, target) = lines.next().and_then(|line| line.split_once(' ')).unwrap_or_default();
        let headers: Vec<_> = lines.filter_map(|line| line.split_once(": ")).collect();
        let Some(response) = send(&router, target, method, &headers, body)? else { return Ok("no request") };
        let again = send(&router, target, method, &headers, body)?;
        require!(again.as_ref() == Some(&response), "{target}: first {response:?}, then {again:?}");
        Ok(match response.status {
            200..300 => "2xx",
            400 => "400",
            401 => "401",
            404 => "404",
            405 => "405",
            413 => "413",
            415 => "415",
            422 => "422",
            _ => "other",
        })
    })
}
