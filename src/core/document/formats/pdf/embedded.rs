//! Files embedded in a PDF: those in the catalog's name tree and those associated with the document (`AF`).

use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, Name, Object, Stream, String as PdfString};

use super::{filters, strings};
use crate::document::attached_file::AttachmentCollector;
use crate::error::{Error, Result, Unreadable};

/// The maximum depth of the name tree and the maximum number of nodes read. A tree of a hundred files is one node.
const MAX_TREE_DEPTH: usize = 8;
const MAX_TREE_NODES: usize = 1_000;

/// The embedded files without duplicates.
pub(super) fn files(pdf: &Pdf) -> Result<AttachmentCollector> {
    let xref = pdf.xref();
    let catalog = xref.get::<Dict<'_>>(xref.root_id()).unwrap_or_default();
    let mut specifications = Vec::new();
    if let Some(tree) = catalog.get::<Dict<'_>>("Names").and_then(|names| names.get::<Dict<'_>>("EmbeddedFiles")) {
        collect_specifications(tree, &mut specifications);
    }
    if let Some(associated) = catalog.get::<Array<'_>>("AF") {
        specifications.extend(associated.iter::<Dict<'_>>().take(MAX_TREE_NODES));
    }
    let mut collector = AttachmentCollector::default();
    let mut seen_ids = Vec::new();
    for specification in specifications {
        let Some(stream) = embedded_stream(&specification) else { continue };
        let id = stream.obj_id();
        if seen_ids.contains(&id) {
            continue;
        }
        seen_ids.push(id);
        let string = |key: &str| specification.get::<PdfString<'_>>(key).map(|text| strings::decode(text.as_bytes()));
        let name = string("UF").or_else(|| string("F")).filter(|name| !name.is_empty());
        let media_type = stream.dict().get::<Name<'_>>("Subtype").map(|name| name.as_str().to_owned());
        let (bytes, _) = filters::decode(&stream)?;
        let bytes =
            bytes.ok_or_else(|| Error::unreadable(Unreadable::Damaged, "A file embedded in the PDF is damaged"))?;
        collector.add(name, media_type, &bytes)?;
    }
    Ok(collector)
}

/// Collects the file specifications of a name tree in tree order.
fn collect_specifications<'a>(root: Dict<'a>, specifications: &mut Vec<Dict<'a>>) {
    let mut pending = vec![(root, 0)];
    let mut nodes = 0;
    while let Some((node, depth)) = pending.pop() {
        nodes += 1;
        if nodes > MAX_TREE_NODES || specifications.len() > MAX_TREE_NODES {
            return;
        }
        if let Some(names) = node.get::<Array<'a>>("Names") {
            // The array alternates names and files; only the files are dictionaries.
            let files = names.iter::<Object<'a>>().take(2 * MAX_TREE_NODES).filter_map(Object::into_dict);
            specifications.extend(files);
        }
        if let Some(kids) = node.get::<Array<'a>>("Kids").filter(|_| depth < MAX_TREE_DEPTH) {
            let mut kids: Vec<_> = kids.iter::<Dict<'a>>().take(MAX_TREE_NODES).map(|kid| (kid, depth + 1)).collect();
            kids.reverse();
            pending.extend(kids);
        }
    }
}

fn embedded_stream<'a>(specification: &Dict<'a>) -> Option<Stream<'a>> {
    let files = specification.get::<Dict<'a>>("EF")?;
    files.get::<Stream<'a>>("UF").or_else(|| files.get::<Stream<'a>>("F"))
}
