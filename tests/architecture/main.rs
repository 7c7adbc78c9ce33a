//! Checks the allowed dependencies: which module may use which, and where words of the dialects may occur.
//!
//! It parses the sources, `use` trees and inline paths alike, so that it neither finds names in comments nor misses
//! nested imports.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use syn::{
    UseTree,
    visit::{self, Visit},
};

/// The modules that each module of the core may use besides itself.
const CORE: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("limits", &[]),
    ("budget", &["error", "limits"]),
    ("reply", &["error"]),
    ("id", &["error"]),
    ("time", &["error"]),
    ("validate", &["error", "time"]),
    ("text", &["error", "id", "time", "limits"]),
    ("document", &["budget", "error", "id", "time", "limits", "validate", "text"]),
    ("classify", &["budget", "error", "id", "time", "limits", "validate", "text", "document", "ENGINE_VERSION"]),
    ("extract", &["budget", "error", "id", "time", "limits", "validate", "text", "document", "ENGINE_VERSION"]),
    ("parse", &["budget", "error", "document", "ENGINE_VERSION"]),
    ("split", &["budget", "error", "limits", "validate", "text", "document", "classify", "ENGINE_VERSION"]),
    ("engine", &["budget", "error", "document", "classify", "extract", "parse", "split"]),
    ("job", &["error", "id", "time", "limits", "text", "document", "classify", "extract", "split", "ENGINE_VERSION"]),
    (
        "service",
        &[
            "engine", "error", "id", "time", "limits", "text", "document", "classify", "extract", "parse", "split",
            "job",
        ],
    ),
    (
        "api",
        &[
            "error",
            "id",
            "time",
            "limits",
            "validate",
            "text",
            "document",
            "classify",
            "extract",
            "parse",
            "split",
            "job",
            "service",
            "ENGINE_VERSION",
        ],
    ),
];

/// The modules of the core that the npm package may use.
const WEB: &[&str] = &[
    "budget",
    "engine",
    "error",
    "limits",
    "reply",
    "validate",
    "text",
    "document",
    "classify",
    "extract",
    "parse",
    "split",
    "ENGINE_VERSION",
];

/// Words of the dialects, which may occur only below `api/`.
const WIRE_WORDS: &[&str] = &[
    "PDF_IS_PROTECTED",
    "PDF_IS_BROKEN",
    "NO_DATA_FOUND_IN_FILE",
    "next_page_token",
    "page_token",
    "document_input_value",
    "file_input",
    "transaction_id",
    "configuration_id",
    "product_type",
    "process_cuid",
    "processCuid",
    "deploymentName",
    "extractionSchemaId",
    "external_metadata",
];

/// Crates that depend on a platform, and so must not be used in the core.
const PLATFORM: &[&str] = &["worker", "wasm_bindgen", "js_sys", "web_sys", "getrandom", "serde_wasm_bindgen", "tokio"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace").to_owned()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The paths that a file mentions, each as its segments and its line.
struct Mentions {
    /// The module path of the file within its crate.
    module: Vec<String>,
    found: Vec<(Vec<String>, usize)>,
}

impl Mentions {
    fn of(file: &Path, folder: &Path) -> Self {
        let text = fs::read_to_string(file).expect("a source");
        let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let inside = file.strip_prefix(folder).expect("below the folder").with_extension("");
        let mut module: Vec<String> = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
            module.pop();
        }
        let mut mentions = Self { module, found: Vec::new() };
        mentions.visit_file(&syntax);
        mentions
    }

    fn add(&mut self, mut segments: Vec<String>, line: usize) {
        // `super` is resolved from this file's module. In an inline module it would lead one level less far up, which
        // does not matter: such a path stays inside the file's module.
        if segments.first().is_some_and(|first| first == "super") {
            let levels = segments.iter().take_while(|segment| *segment == "super").count();
            let base = &self.module[..self.module.len().saturating_sub(levels)];
            let rest = segments.split_off(levels);
            segments = ["crate".to_owned()].into_iter().chain(base.iter().cloned()).chain(rest).collect();
        }
        self.found.push((segments, line));
    }

    fn walk(&mut self, tree: &UseTree, prefix: &[String]) {
        let path_to = |name: &syn::Ident| prefix.iter().cloned().chain([name.to_string()]).collect::<Vec<_>>();
        match tree {
            UseTree::Path(path) => self.walk(&path.tree, &path_to(&path.ident)),
            UseTree::Group(group) => group.items.iter().for_each(|item| self.walk(item, prefix)),
            UseTree::Name(name) => self.add(path_to(&name.ident), name.ident.span().start().line),
            UseTree::Rename(name) => self.add(path_to(&name.ident), name.ident.span().start().line),
            UseTree::Glob(glob) => self.add(prefix.to_vec(), glob.star_token.spans[0].start().line),
        }
    }
}

/// Whether an item is compiled for tests only.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
    })
}

impl<'ast> Visit<'ast> for Mentions {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.walk(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let line = path.segments.first().map_or(0, |segment| segment.ident.span().start().line);
        self.add(path.segments.iter().map(|segment| segment.ident.to_string()).collect(), line);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        // The inside of a macro is tokens, not paths: finding those that begin with `crate::` is enough.
        let text = item.tokens.to_string();
        for part in text.split("crate :: ").skip(1) {
            let name: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            self.add(vec!["crate".to_owned(), name], item.path.segments[0].ident.span().start().line);
        }
        visit::visit_macro(self, item);
    }
}

#[test]
fn core_modules_use_only_allowed_modules() {
    let folder = root().join("src/core");
    let allowed: BTreeMap<_, _> = CORE.iter().copied().collect();
    let modules: Vec<_> = CORE.iter().map(|(name, _)| *name).collect();
    let mut faults = Vec::new();
    let mut count = 0;
    let excluded = ["examples", "benches"].map(|name| folder.join(name));
    for file in sources(&folder).into_iter().filter(|file| !excluded.iter().any(|folder| file.starts_with(folder))) {
        let mentions = Mentions::of(&file, &folder);
        let Some(module) = mentions.module.first().cloned() else { continue };
        let Some(allowed) = allowed.get(module.as_str()) else {
            faults.push(format!("{}: module {module} is not in the list of this test", file.display()));
            continue;
        };
        count += 1;
        for (segments, line) in &mentions.found {
            if segments.first().is_some_and(|first| first == "crate")
                && let Some(other) = segments.get(1)
                && (modules.contains(&other.as_str()) || other == "ENGINE_VERSION")
                && *other != module
                && !allowed.contains(&other.as_str())
            {
                faults.push(format!("{}:{line}: {module} must not know {other}", file.display()));
            }
            if let Some(first) = segments.first()
                && PLATFORM.contains(&first.as_str())
                && segments.len() > 1
            {
                faults.push(format!("{}:{line}: the core must not know {first}", file.display()));
            }
        }
    }
    assert!(count > 15, "only {count} sources were read: the test looks in the wrong place");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn npm_package_uses_only_what_runs_in_a_page() {
    let folder = root().join("src/web");
    let mut faults = Vec::new();
    let files = sources(&folder);
    assert!(files.len() > 5, "only {} sources were read: the test looks in the wrong place", files.len());
    for file in files {
        for (segments, line) in Mentions::of(&file, &folder).found {
            if let [first, second, ..] = segments.as_slice()
                && first == "sortroom"
                && !WEB.contains(&second.as_str())
            {
                faults.push(format!("{}:{line}: the npm package must not use {second}", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn wire_words_occur_only_below_the_api() {
    let folder = root().join("src");
    let mut faults = Vec::new();
    let files: Vec<_> =
        sources(&folder).into_iter().filter(|file| !file.starts_with(folder.join("core/api"))).collect();
    assert!(files.len() > 100, "only {} sources were read: the test looks in the wrong place", files.len());
    for file in files {
        let text = fs::read_to_string(&file).expect("a source");
        for (number, line) in text.lines().enumerate() {
            let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            for word in words.filter(|word| WIRE_WORDS.contains(word)) {
                faults.push(format!("{}:{}: {word} is a word of a dialect", file.display(), number + 1));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_core_forbids_unsafe_code() {
    let text = fs::read_to_string(root().join("src/core/lib.rs")).expect("the core");
    assert!(text.contains("#![forbid(unsafe_code)]"));
}

/// Modules of one folder, each with the modules of that folder that it uses.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// What uses what, by folder: the module path of the folder, as in `document/parse`. A path that leads into a folder
/// counts for the module of the folder that it names; what a `mod.rs` re-exports does not count.
fn uses_by_folder(folder: &Path) -> BTreeMap<String, Uses> {
    let files = sources(folder);
    let module_of = |file: &PathBuf| Mentions::of(file, folder);
    let all: Vec<Mentions> = files
        .iter()
        .filter(|file| !["examples", "benches"].iter().any(|outside| file.starts_with(folder.join(outside))))
        .filter(|file| file.file_stem().is_some_and(|stem| stem != "tests"))
        .map(module_of)
        .collect();
    let modules: BTreeSet<Vec<String>> = all
        .iter()
        .flat_map(|mentions| (1..=mentions.module.len()).map(|end| mentions.module[..end].to_vec()))
        .collect();
    let mut folders: BTreeMap<String, Uses> = BTreeMap::new();
    for Mentions { module, found } in &all {
        for (segments, _) in found {
            let Some((first, path)) = segments.split_first() else { continue };
            if first != "crate" {
                continue;
            }
            let common = module.iter().zip(path).take_while(|(a, b)| a == b).count();
            let (Some(own), Some(other)) = (module.get(common), path.get(common)) else { continue };
            if modules.contains(&path[..=common]) {
                let uses = folders.entry(module[..common].join("/")).or_default();
                uses.entry(own.clone()).or_default().insert(other.clone());
            }
        }
    }
    folders
}

/// The modules in a cycle, or between two: those left after removing, again and again, each module that uses none of
/// those left, or is used by none of them.
fn cycle(uses: &Uses) -> BTreeSet<String> {
    let mut left: BTreeSet<String> = uses.keys().cloned().collect();
    loop {
        let is_used = |module: &String| left.iter().any(|user| uses[user].contains(module));
        let keeps = |module: &&String| uses[*module].iter().any(|used| left.contains(used)) && is_used(module);
        let next: BTreeSet<String> = left.iter().filter(keeps).cloned().collect();
        if next == left {
            return left;
        }
        left = next;
    }
}

#[test]
fn modules_of_one_folder_form_no_cycle() {
    let folders = uses_by_folder(&root().join("src/core"));
    assert!(folders.len() > 5, "only {} folders were read: the test looks in the wrong place", folders.len());
    let mut faults = Vec::new();
    for (folder, uses) in &folders {
        let cycle = cycle(uses);
        if !cycle.is_empty() {
            faults.push(format!("src/core/{folder}: {cycle:?}"));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// `wrangler.toml` has each rate twice: in requests for callers, and in reports for the platform's counter.
#[test]
fn the_counters_of_requests_agree_with_their_variables() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wrangler.toml");
    let text = fs::read_to_string(path).expect("wrangler.toml");
    let value_after = |start: &str| {
        let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start}"));
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().unwrap_or_else(|error| panic!("{start}: {error}"))
    };
    for (namespace, caller) in [(2601, "TOKEN"), (2602, "PROJECT")] {
        let requests = value_after(&format!("\n{caller}_REQUESTS = \""));
        let counter =
            format!("name = \"{caller}_REQUEST_COUNTER\"\nnamespace_id = \"{namespace}\"\nsimple = {{ limit = ");
        let reports = value_after(&counter);
        assert_eq!(reports * sortroom::limits::REQUESTS_PER_REPORT, requests, "{caller}");
        assert!(text.contains(&format!("{reports}, period = 10 }}")), "the window of {caller}");
    }
}
