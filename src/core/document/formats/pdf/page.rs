//! The page tree, and pages with what they inherit.

use std::collections::HashSet;

use hayro_font::kurbo::Affine;
use hayro_syntax::object::array::ArrayIter;
use hayro_syntax::object::{Array, Dict, MaybeRef, Name, Object, ObjectIdentifier, Rect};
use hayro_syntax::page::{A4, Resources};

use super::file::{PdfFile, SYNTAX_BYTES_PER_STEP};
use super::syntax::MAX_OBJECT_BYTES;
use crate::budget::Held;
use crate::error::Result;
use crate::limits;

/// The memory of a node of the page tree, beside its text: a table of at least eight entries.
const NODE_MEMORY: usize = 1_024;

/// The memory of an entry of a dictionary for each byte of its text: an entry of eight bytes takes some eighty.
const MEMORY_PER_BYTE: usize = 10;

/// The smallest side of a page that counts as a size, in points.
const NEARLY_ZERO: f32 = 1.0 / 4_096.0;

/// What pages inherit.
#[derive(Clone, Default)]
struct Inherited<'a> {
    media_box: Option<Rect>,
    crop_box: Option<Rect>,
    rotation: Option<i32>,
    /// The node with the resources, which are looked up when the page is read.
    resources: Option<Dict<'a>>,
}

impl<'a> Inherited<'a> {
    fn update(&mut self, file: &PdfFile<'_>, node: &Dict<'a>) -> Result<()> {
        self.media_box = rect(file, node, "MediaBox")?.or(self.media_box);
        self.crop_box = rect(file, node, "CropBox")?.or(self.crop_box);
        self.rotation = node.get::<i32>("Rotate").or(self.rotation);
        if node.get::<Dict<'a>>("Resources").is_some() {
            self.resources = Some(node.clone());
        }
        Ok(())
    }
}

/// A page of the tree.
pub(super) struct Leaf<'a> {
    dict: Dict<'a>,
    inherited: Inherited<'a>,
}

/// The pages of a file, at most one more than are read.
pub(super) struct Leaves<'a, 'b> {
    pub pages: Vec<Leaf<'a>>,
    /// The number of pages.
    pub count: u32,
    _held: Held<'b>,
}

/// Walks the page tree.
pub(super) fn leaves<'a, 'b>(file: &'a PdfFile<'b>) -> Result<Leaves<'a, 'b>> {
    let budget = file.budget();
    let mut leaves = Leaves { pages: Vec::new(), count: 0, _held: budget.hold(0)? };
    let xref = file.pdf.xref();
    let mut visited: HashSet<ObjectIdentifier> = HashSet::new();
    let catalog = xref.get::<Dict<'a>>(file.root).unwrap_or_default();
    if file.has_all_objects {
        // Without a tree, every object with contents is a page.
        for object in file.pdf.objects() {
            budget.work(1 + length(&object) / SYNTAX_BYTES_PER_STEP)?;
            if let Some(dict) = object.into_dict().filter(|dict| dict.contains_key("Contents")) {
                file.charge_dict(&dict)?;
                leaves.push(file, &dict, &Inherited::default())?;
            }
        }
        return Ok(leaves);
    }
    let Some(root) = catalog.get::<Dict<'a>>("Pages") else { return Ok(leaves) };
    visited.extend(root.obj_id());
    let mut open: Vec<(ArrayIter<'a>, Inherited<'a>)> = Vec::new();
    open.extend(node(file, &root, Inherited::default())?);
    while let Some((kids, inherited)) = open.last_mut() {
        budget.work(1)?;
        let kid = match kids.next() {
            None => {
                open.pop();
                continue;
            }
            Some(MaybeRef::Ref(reference)) => {
                let id = reference.into();
                if !visited.insert(id) {
                    continue;
                }
                file.charge(id)?;
                leaves._held.grow(size_of::<ObjectIdentifier>() * 3)?;
                xref.get::<Dict<'a>>(id)
            }
            Some(MaybeRef::NotRef(object)) => object.into_dict(),
        };
        let Some(dict) = kid else { continue };
        budget.pass_over(dict.data().len())?;
        if dict.get::<Name<'_>>("Type").as_deref() == Some(b"Pages") {
            let inherited = inherited.clone();
            open.extend(node(file, &dict, inherited)?);
        } else {
            let inherited = inherited.clone();
            leaves.push(file, &dict, &inherited)?;
        }
    }
    Ok(leaves)
}

/// About how long the text of an object is, in bytes.
fn length(object: &Object<'_>) -> usize {
    match object {
        Object::Dict(dict) => dict.data().len(),
        Object::Stream(stream) => stream.dict().data().len(),
        Object::Array(array) => array.data().len(),
        Object::String(text) => text.len(),
        _ => 0,
    }
}

/// The kids of a node, and what it hands down; None if it has no kids.
fn node<'a>(
    file: &PdfFile<'_>,
    dict: &Dict<'a>,
    mut inherited: Inherited<'a>,
) -> Result<Option<(ArrayIter<'a>, Inherited<'a>)>> {
    file.charge_dict(dict)?;
    inherited.update(file, dict)?;
    Ok(dict.get::<Array<'a>>("Kids").map(|kids| (kids.raw_iter(), inherited)))
}

impl<'a> Leaves<'a, '_> {
    fn push(&mut self, file: &PdfFile<'_>, dict: &Dict<'a>, inherited: &Inherited<'a>) -> Result<()> {
        self.count = self.count.saturating_add(1);
        file.budget().items(1)?;
        if self.pages.len() <= limits::MAX_PAGES as usize {
            self._held.grow(NODE_MEMORY + MEMORY_PER_BYTE * dict.data().len())?;
            self.pages.push(Leaf { dict: dict.clone(), inherited: inherited.clone() });
        }
        Ok(())
    }
}

/// A page with its size and resources.
pub(super) struct Page<'a, 'b> {
    pub dict: Dict<'a>,
    pub resources: Resources<'a>,
    crop_box: Rect,
    /// The crop box within the page.
    visible: Rect,
    /// In degrees: 0, 90, 180 or 270.
    rotation: i32,
    _held: Held<'b>,
}

impl<'a, 'b> Page<'a, 'b> {
    pub fn new(file: &PdfFile<'b>, leaf: &Leaf<'a>) -> Result<Self> {
        let Leaf { dict, inherited } = leaf;
        file.charge_dict(dict)?;
        let media_box = rect(file, dict, "MediaBox")?.or(inherited.media_box).unwrap_or(A4);
        let crop_box = rect(file, dict, "CropBox")?.or(inherited.crop_box).unwrap_or(media_box);
        let rotation = dict.get::<i32>("Rotate").or(inherited.rotation).unwrap_or(0).rem_euclid(360);
        let resources = dict.get::<Dict<'a>>("Resources");
        let resources = match (resources, &inherited.resources) {
            (Some(resources), _) => resources,
            (None, Some(node)) => {
                file.charge_dict(node)?;
                node.get("Resources").unwrap_or_default()
            }
            (None, None) => Dict::empty(),
        };
        let mut held = file.budget().hold(0)?;
        let resources = resources_of(file, resources, &mut held)?;
        let visible = crop_box.intersect(media_box);
        Ok(Self { dict: dict.clone(), resources, crop_box, visible, rotation, _held: held })
    }

    /// Width and height before rotation.
    fn upright_size(&self) -> (f32, f32) {
        let (width, height) = (self.visible.width(), self.visible.height());
        if (width as f32).abs() <= NEARLY_ZERO || (height as f32).abs() <= NEARLY_ZERO {
            (A4.width() as f32, A4.height() as f32)
        } else {
            (width.max(1.0) as f32, height.max(1.0) as f32)
        }
    }

    /// Width and height as shown.
    pub fn size(&self) -> (f32, f32) {
        let (width, height) = self.upright_size();
        if matches!(self.rotation, 90 | 270) { (height, width) } else { (width, height) }
    }

    /// The matrix from the coordinates of the page to points from the top left as shown.
    pub fn matrix(&self) -> Affine {
        let (_, upright_height) = self.upright_size();
        let (width, height) = self.size();
        let (width, height) = (f64::from(width), f64::from(height));
        let rotation = match self.rotation {
            90 => Affine::new([0.0, 1.0, -1.0, 0.0, 0.0, 0.0]) * Affine::translate((0.0, -width)),
            180 => Affine::new([-1.0, 0.0, 0.0, -1.0, 0.0, 0.0]) * Affine::translate((-width, -height)),
            270 => Affine::translate((0.0, height)) * Affine::new([0.0, -1.0, 1.0, 0.0, 0.0, 0.0]),
            _ => Affine::IDENTITY,
        };
        rotation
            * Affine::new([1.0, 0.0, 0.0, -1.0, 0.0, f64::from(upright_height)])
            * Affine::translate((-self.crop_box.x0, -self.crop_box.y0))
    }
}

/// An entry of a dictionary that is a rectangle.
pub(super) fn rect(file: &PdfFile<'_>, dict: &Dict<'_>, key: &str) -> Result<Option<Rect>> {
    Ok(if file.charge_numbers(dict, key)? { dict.get::<Rect>(key) } else { None })
}

/// The matrix of a form, if it has one.
pub(super) fn form_matrix(file: &PdfFile<'_>, form: &Dict<'_>) -> Result<Option<[f64; 6]>> {
    Ok(if file.charge_numbers(form, "Matrix")? { form.get::<[f64; 6]>("Matrix") } else { None })
}

/// The resources of a page or form. `held` is charged for the tables that hayro makes of them.
pub(super) fn resources_of<'a>(file: &PdfFile<'_>, dict: Dict<'a>, held: &mut Held<'_>) -> Result<Resources<'a>> {
    file.charge_dict(&dict)?;
    let mut total = 0;
    for key in ["ExtGState", "Font", "ColorSpace", "XObject", "Pattern", "Shading", "Properties"] {
        let size = match dict.get_raw::<Object<'_>>(key) {
            Some(MaybeRef::Ref(reference)) => {
                file.charge(reference.into())?;
                file.size(reference.into())
            }
            Some(MaybeRef::NotRef(Object::Dict(part))) => part.data().len(),
            _ => 0,
        };
        held.grow(MEMORY_PER_BYTE * size)?;
        total += size;
    }
    // hayro makes tables of all of them at once.
    Ok(Resources::new(if total <= MAX_OBJECT_BYTES { dict } else { Dict::empty() }))
}
