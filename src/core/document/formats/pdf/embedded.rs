//! Files embedded in a PDF: those in the catalog's name tree and those associated with the document (`AF`).

use hayro_syntax::object::{Array, Dict, MaybeRef, Name, Object, Stream, String as PdfString};

use super::file::PdfFile;
use super::{filters, strings};
use crate::document::attached_file::AttachmentCollector;
use crate::error::{Error, Result, Unreadable};

/// How much of a name is read, in bytes. File systems allow some hundreds.
const MAX_NAME_BYTES: usize = 4_096;

/// The maximum depth of the name tree and the maximum number of nodes read. A tree of a hundred files is one node.
const MAX_TREE_DEPTH: usize = 8;
const MAX_TREE_NODES: usize = 1_000;

/// The embedded files without duplicates.
pub(super) fn files<'b>(file: &PdfFile<'b>) -> Result<AttachmentCollector<'b>> {
    let budget = file.budget();
    let catalog = file.pdf.xref().get::<Dict<'_>>(file.root).unwrap_or_default();
    file.charge_dict(&catalog)?;
    let mut specifications = Vec::new();
    if let Some(names) = catalog.get::<Dict<'_>>("Names") {
        file.charge_dict(&names)?;
        if let Some(tree) = names.get::<Dict<'_>>("EmbeddedFiles") {
            collect_specifications(file, tree, &mut specifications)?;
        }
    }
    if let Some(associated) = catalog.get::<Array<'_>>("AF") {
        for item in associated.raw_iter().take(MAX_TREE_NODES) {
            specifications.extend(object(file, item)?.and_then(Object::into_dict));
        }
    }
    let mut collector = AttachmentCollector::new();
    let mut seen_ids = Vec::new();
    for specification in specifications {
        file.charge_dict(&specification)?;
        let Some(stream) = embedded_stream(&specification) else { continue };
        file.charge_dict(stream.dict())?;
        let id = stream.obj_id();
        if seen_ids.contains(&id) {
            continue;
        }
        seen_ids.push(id);
        let _names = [file.hold_text(&specification, "UF")?, file.hold_text(&specification, "F")?];
        let string = |key: &str| {
            let name = specification.get::<PdfString<'_>>(key)?;
            Some(strings::decode(name.get(..MAX_NAME_BYTES).unwrap_or(&name)))
        };
        let name = string("UF").or_else(|| string("F")).filter(|name| !name.is_empty());
        let media_type = stream.dict().get::<Name<'_>>("Subtype").map(|name| name.as_str().to_owned());
        let media_type = media_type.filter(|name| name.len() <= MAX_NAME_BYTES);
        let bytes = filters::decode(&stream, budget)?
            .ok_or_else(|| Error::unreadable(Unreadable::Damaged, "A file embedded in the PDF is damaged"))?;
        let (bytes, held) = bytes.into_parts(budget)?;
        collector.add(name, media_type, bytes, held)?;
    }
    Ok(collector)
}

/// An item of a list.
fn object<'a>(file: &'a PdfFile<'_>, item: MaybeRef<Object<'a>>) -> Result<Option<Object<'a>>> {
    Ok(match item {
        MaybeRef::Ref(reference) => {
            file.charge(reference.into())?;
            file.pdf.xref().get::<Object<'a>>(reference.into())
        }
        MaybeRef::NotRef(object) => Some(object),
    })
}

/// Collects the file specifications of a name tree in tree order.
fn collect_specifications<'a>(file: &'a PdfFile<'_>, root: Dict<'a>, specifications: &mut Vec<Dict<'a>>) -> Result<()> {
    let mut pending = vec![(root, 0)];
    let mut nodes = 0;
    while let Some((node, depth)) = pending.pop() {
        nodes += 1;
        if nodes > MAX_TREE_NODES || specifications.len() > MAX_TREE_NODES {
            break;
        }
        file.charge_dict(&node)?;
        if let Some(names) = node.get::<Array<'a>>("Names") {
            // The array alternates names and files; only the files are dictionaries.
            for item in names.raw_iter().take(2 * MAX_TREE_NODES) {
                specifications.extend(object(file, item)?.and_then(Object::into_dict));
            }
        }
        if let Some(kids) = node.get::<Array<'a>>("Kids").filter(|_| depth < MAX_TREE_DEPTH) {
            let mut nodes = Vec::new();
            for item in kids.raw_iter().take(MAX_TREE_NODES) {
                nodes.extend(object(file, item)?.and_then(Object::into_dict).map(|kid| (kid, depth + 1)));
            }
            nodes.reverse();
            pending.extend(nodes);
        }
    }
    Ok(())
}

fn embedded_stream<'a>(specification: &Dict<'a>) -> Option<Stream<'a>> {
    let files = specification.get::<Dict<'a>>("EF")?;
    files.get::<Stream<'a>>("UF").or_else(|| files.get::<Stream<'a>>("F"))
}
