use futures_executor::block_on;

use super::*;
use crate::service::memory::{FaultPoint, Memory};

fn config() -> Config {
    Config { admin_secret: Some("operator".to_owned()), ..Config::default() }
}

fn project_of(ports: &Memory) -> ProjectId {
    block_on(create_project(ports, "p".to_owned(), "o".to_owned(), 30)).unwrap().id
}

fn create(ports: &Memory, new: NewToken) -> (Token, String) {
    block_on(create_token(ports, project_of(ports), new)).unwrap()
}

fn kind<T>(result: Result<T>) -> ErrorKind {
    match result {
        Ok(_) => panic!("it succeeded"),
        Err(error) => error.kind(),
    }
}

/// A token without its check.
fn body(text: &str) -> &str {
    text.split_at(text.len() - 2 * CHECK_BYTES).0
}

/// The token as 0.1.0 would have made it.
fn legacy(text: &str) -> String {
    let body = body(text);
    format!("{body}{}", legacy_check(body))
}

#[test]
fn a_forged_token_costs_no_call() {
    let ports = Memory::new(config());
    let (token, text) = create(&ports, NewToken::default());
    let calls = ports.token_calls();
    let body = body(&text);
    let other = format!("{PREFIX}{}_{}", token.id, "0".repeat(2 * SECRET_BYTES));
    let other_check = |key: &str| format!("{other}{}", check(key, &other).unwrap());
    let forged = [
        String::new(),
        body.to_owned(),
        format!("{body}0000000000000000"),
        legacy(&text),
        legacy(&format!("{other}0000000000000000")),
        other_check("another secret"),
        text.replacen('0', "1", 1),
        format!("{text}0"),
        text.to_uppercase(),
        format!("{PREFIX}{}_\u{e9}{}", token.id, "0".repeat(79)),
    ];
    for forged in forged {
        assert_ne!(forged, text);
        assert_eq!(kind(block_on(authenticate(&ports, &forged))), ErrorKind::Unauthenticated, "{forged}");
    }
    assert_eq!(ports.token_calls(), calls);
    assert_eq!(block_on(authenticate(&ports, &text)).unwrap().id, token.id);
    // One that was made up with the key costs calls, and opens nothing.
    assert_eq!(kind(block_on(authenticate(&ports, &other_check("operator")))), ErrorKind::Unauthenticated);
}

#[test]
fn what_is_stored_of_a_token_does_not_open_its_project() {
    let ports = Memory::new(config());
    let (token, text) = create(&ports, NewToken::default());
    let config = config();
    let (_, secret) = parse(&config, &text).unwrap();
    let directory = block_on(ports.tokens(TokenCommand::Get(token.id))).unwrap();
    let listed = block_on(ports.index(token.project, GetToken { id: token.id })).unwrap();
    let stored = serde_json::to_string(&(directory, listed)).unwrap();
    let hash = sha256(secret);
    assert!(stored.contains(&hash) && !stored.contains(secret), "{stored}");
    // Not even with the operator's secret, which makes the check.
    let body = format!("{PREFIX}{}_{hash}", token.id);
    let forged = format!("{body}{}", check("operator", &body).unwrap());
    assert_eq!(kind(block_on(authenticate(&ports, &forged))), ErrorKind::Unauthenticated);
}

#[test]
fn a_token_of_0_1_0_needs_the_operators_permission() {
    let ports = Memory::new(config());
    let (_, text) = create(&ports, NewToken::default());
    let error = block_on(authenticate(&ports, &legacy(&text))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(error.message().contains("LEGACY_TOKENS"), "{error}");

    let ports = Memory::new(Config { legacy_tokens: true, ..config() });
    let (token, text) = create(&ports, NewToken::default());
    let found = block_on(authenticate(&ports, &legacy(&text))).unwrap();
    assert_eq!((found.id, found.scopes), (token.id, Scopes::ALL));
    let mistyped = legacy(&text).replacen('0', "1", 1);
    assert_eq!(block_on(authenticate(&ports, &mistyped)).unwrap_err().message(), INVALID_TOKEN);
}

#[test]
fn a_record_of_0_1_0_has_every_scope_and_is_listed_once_used() {
    let ports = Memory::new(config());
    let (token, text) = create(&ports, NewToken::default());
    let mut record = serde_json::to_value(&token).unwrap();
    record.as_object_mut().unwrap().remove("scopes").unwrap();
    let record: Token = serde_json::from_value(record).unwrap();
    assert_eq!(record, token);
    block_on(ports.index(token.project, RemoveToken { id: token.id })).unwrap();
    let page = || PageRequest { size: 10, after: None };
    assert_eq!(block_on(list_tokens(&ports, token.project, page())).unwrap().items, []);
    block_on(authenticate(&ports, &text)).unwrap();
    let listed = block_on(list_tokens(&ports, token.project, page())).unwrap().items;
    assert_eq!(listed, [ListedToken { last_used_at: Some(ports.now()), ..ListedToken::from(&token) }]);
}

#[test]
fn a_use_is_noted_once_an_hour() {
    let ports = Memory::new(config());
    let (token, text) = create(&ports, NewToken::default());
    let last_used = || block_on(ports.index(token.project, GetToken { id: token.id })).unwrap().unwrap().last_used_at;
    assert_eq!(last_used(), None);
    let first = ports.now();
    block_on(authenticate(&ports, &text)).unwrap();
    ports.advance(Duration::from_secs(59 * 60));
    block_on(authenticate(&ports, &text)).unwrap();
    assert_eq!(last_used(), Some(first));
    ports.advance(Duration::from_secs(60));
    block_on(authenticate(&ports, &text)).unwrap();
    assert_eq!(last_used(), Some(ports.now()));
    // An index that cannot be reached keeps no one out.
    ports.advance(Duration::from_secs(60 * 60));
    ports.inject_fault(&[FaultPoint::Indexes]);
    block_on(authenticate(&ports, &text)).unwrap();
    assert!(ports.logged().concat().contains("its use cannot be listed"));
}

#[test]
fn rotation_gives_a_new_secret_and_the_old_one_a_grace() {
    let ports = Memory::new(config());
    let (token, first) = create(&ports, NewToken::default());
    let rotate =
        |grace| block_on(rotate_token(&ports, Some(token.project), token.id, Duration::from_secs(grace))).unwrap().1;
    let opens = |text: &str| block_on(authenticate(&ports, text)).is_ok();
    let second = rotate(60);
    assert!(opens(&first) && opens(&second) && first != second);
    ports.advance(Duration::from_secs(60));
    assert!(!opens(&first) && opens(&second));
    let third = rotate(60);
    let fourth = rotate(0);
    assert_eq!([&first, &second, &third, &fourth].map(|text| opens(text)), [false, false, false, true]);
    let listed = block_on(ports.index(token.project, GetToken { id: token.id })).unwrap().unwrap();
    assert_eq!(listed.replaced_until, Some(ports.now()));
    let missing = rotate_token(&ports, None, TokenId::from_bytes([1; 16]), Duration::ZERO);
    assert_eq!(kind(block_on(missing)), ErrorKind::NotFound);
}

#[test]
fn a_project_manages_its_own_tokens_only() {
    let ports = Memory::new(config());
    let (token, text) = create(&ports, NewToken::default());
    let other = project_of(&ports);
    let calls = ports.token_calls();
    assert_eq!(kind(block_on(revoke_token(&ports, Some(other), token.id))), ErrorKind::NotFound);
    assert_eq!(kind(block_on(rotate_token(&ports, Some(other), token.id, Duration::ZERO))), ErrorKind::NotFound);
    assert_eq!(ports.token_calls(), calls, "an unknown id reaches no directory");
    block_on(authenticate(&ports, &text)).unwrap();
    block_on(revoke_token(&ports, Some(token.project), token.id)).unwrap();
    assert_eq!(kind(block_on(authenticate(&ports, &text))), ErrorKind::Unauthenticated);
    assert_eq!(kind(block_on(revoke_token(&ports, Some(token.project), token.id))), ErrorKind::NotFound);
    assert_eq!(kind(block_on(revoke_token(&ports, None, token.id))), ErrorKind::NotFound);
}

#[test]
fn a_new_operators_secret_keeps_tokens_while_the_old_one_is_known() {
    let old = Memory::new(config());
    let (_, text) = create(&old, NewToken::default());
    let new = |previous: Option<&str>| Config {
        admin_secret: Some("new".to_owned()),
        previous_admin_secret: previous.map(str::to_owned),
        ..Config::default()
    };
    assert!(parse(&new(Some("operator")), &text).is_ok());
    assert!(parse(&new(None), &text).is_err());
    assert!(parse(&Config::default(), &text).is_err(), "no secret, no tokens");
}

#[test]
fn an_expired_token_and_one_too_many_are_refused() {
    let ports = Memory::new(config());
    let expires_at = Some(ports.now() + Duration::from_secs(60));
    let (token, text) = create(&ports, NewToken { expires_at, ..NewToken::default() });
    block_on(authenticate(&ports, &text)).unwrap();
    ports.advance(Duration::from_secs(60));
    assert_eq!(kind(block_on(authenticate(&ports, &text))), ErrorKind::Unauthenticated);
    for _ in 1..limits::MAX_TOKENS {
        block_on(create_token(&ports, token.project, NewToken::default())).unwrap();
    }
    let one_too_many = block_on(create_token(&ports, token.project, NewToken::default()));
    assert_eq!(kind(one_too_many), ErrorKind::Conflict);
}

#[test]
fn scopes_are_what_they_say() {
    let ports = Memory::new(config());
    let scopes: Scopes = [Scope::Write, Scope::Read].into_iter().collect();
    assert_eq!(serde_json::to_string(&scopes).unwrap(), r#"["read","write"]"#);
    let (token, _) = create(&ports, NewToken { scopes, ..NewToken::default() });
    assert_eq!(Scope::ALL.map(|scope| permit(&token, scope).is_ok()), [true, true, false]);
    let error = permit(&token, Scope::Admin).unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Forbidden, "This API key lacks the scope `admin`"));
}
