//! Files that are made to cost much, each by a few lines, so that no large file is stored. They come out the same every
//! time.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, ZlibEncoder};

const MIB: usize = 1024 * 1024;

/// Makes the bytes of a file.
type Make = fn() -> Vec<u8>;

/// Every file: its name, and how it is made.
pub const FILES: &[(&str, Make)] = &[
    // PDF: streams that unfold.
    ("pdf/flate-three-times", || content("/Filter[/FlateDecode/FlateDecode/FlateDecode]", &deflate(&deflate(&bomb())))),
    ("pdf/flate-abbreviated", || content("/Filter[/Fl/Fl]", &deflate(&bomb()))),
    ("pdf/flate-escaped-name", || content("/F#69lter/#46late#44ecode", &bomb())),
    ("pdf/flate-after-comments", || content("/Filter %[\n[%/None\n/Fl%\n]", &bomb())),
    ("pdf/flate-by-reference", || pdf(&with_content("/Filter 9 0 R", &bomb(), &["/FlateDecode"]), "")),
    ("pdf/flate-in-array-by-reference", || pdf(&with_content("/Filter[9 0 R]", &bomb(), &["/FlateDecode"]), "")),
    ("pdf/flate-declared-twice", || content("/Filter/None/Filter/Fl", &bomb())),
    ("pdf/flate-cut", || content("/Filter/Fl", &bomb()[..280_000])),
    ("pdf/flate-without-header", || content("/Filter/Fl", &raw_deflate(&vec![b' '; 300 * MIB]))),
    ("pdf/flate-empty-blocks", || content("/Filter/Fl", &empty_blocks(20 * MIB))),
    ("pdf/flate-stored-blocks", || content("/Filter/Fl", &[0, 0, 0, 0xff, 0xff].repeat(4 * MIB))),
    ("pdf/looks-like-a-picture", || content("/Foo/Image/Filter/Fl", &bomb())),
    ("pdf/endstream-in-data", endstream_in_data),
    ("pdf/hex-then-flate", || content("/Filter[/AHx/Fl]", &hex(&bomb()))),
    ("pdf/run-lengths-twice", || content("/Filter[/RL/RL]", &run_lengths(&run_lengths(&vec![b' '; 32 * MIB])))),
    ("pdf/run-lengths-of-flate", || content("/Filter[/Fl/RL]", &deflate(&run_lengths(&vec![b' '; 900 * MIB])))),
    ("pdf/base-85-zeros", || content("/Filter/A85", &vec![b'z'; 30 * MIB])),
    ("pdf/lzw", || content("/Filter/LZW", &lzw_of_zeros(80_000))),
    ("pdf/many-filters", || content(&format!("/Filter[{}]", "/AHx".repeat(100_000)), b"414141")),
    ("pdf/predictor-of-bomb", || content("/Filter/Fl/DecodeParms<</Predictor 15/Columns 100>>", &bomb())),
    ("pdf/predictor-of-huge-rows", || {
        content("/Filter/Fl/DecodeParms<</Predictor 12/Columns 99999999999/Colors 4>>", &bomb())
    }),
    ("pdf/one-stream-a-thousand-times", || {
        let objects = with_content("/Filter/Fl", &deflate(&vec![b' '; 4 * MIB]), &[]);
        pdf(&[&objects[..2], &[page(&format!("/Contents[{}]", "4 0 R ".repeat(1_000)))], &objects[3..]].concat(), "")
    }),
    ("pdf/tiny-stream-a-million-times", || {
        let objects = with_content("/Filter[/Fl/Fl/Fl/Fl]", &deflate(&deflate(&deflate(&deflate(b"q")))), &[]);
        pdf(&[&objects[..2], &[page(&format!("/Contents[{}]", "4 0 R ".repeat(MIB)))], &objects[3..]].concat(), "")
    }),
    ("pdf/tiny-form-a-million-times", || {
        let mut objects = with_content("", &b"/X Do ".repeat(MIB), &[]);
        objects[2] = page("/Contents 4 0 R/Resources<</XObject<</X 9 0 R>>>>");
        objects.push(stream("<</Subtype/Form/Filter/Fl", &deflate(b"q")));
        pdf(&objects, "")
    }),
    ("pdf/flate-copies-of-nothing", || content("/Filter/Fl", &copies_of_nothing(20 * MIB))),
    ("pdf/hex-of-blanks", || content("/Filter/AHx", &vec![b' '; 30 * MIB])),
    ("pdf/base-85-of-blanks", || content("/Filter/A85", &vec![b' '; 30 * MIB])),
    ("pdf/lzw-of-nothing", || {
        content("/Filter/LZW", &[0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01, 0x00].repeat(3 * MIB))
    }),
    ("pdf/predictor-of-one-row", || {
        let data = deflate(&vec![4; 16 * MIB]);
        content(&format!("/Filter/Fl/DecodeParms<</Predictor 15/Columns {}>>", 16 * MIB - 1), &data)
    }),
    ("pdf/predictor-of-bits", || {
        let data = deflate(&vec![4; 16 * MIB]);
        content(&format!("/Filter/Fl/DecodeParms<</Predictor 2/BitsPerComponent 1/Columns {}>>", 100 * MIB), &data)
    }),
    // PDF: object streams and tables.
    ("pdf/lengths-in-the-next-stream", || {
        let streams: Vec<_> = (0..2_000_u32)
            .map(|number| {
                let list = format!("{} 0 40", 20_000 + number);
                let dict = format!(
                    "<</Type/ObjStm/N 1/First {}/Length {} 0 R>>stream\n{list}\nendstream",
                    list.len() - 2,
                    20_001 + number
                );
                (100 + number, dict.into_bytes())
            })
            .collect();
        let lengths: Vec<_> = (0..2_000_u32).map(|number| (20_000 + number, 100 + number)).collect();
        pdf_1_5(&streams, 100, &lengths)
    }),
    ("pdf/information", || {
        let keys = ["Title", "Author", "Subject", "Keywords", "Creator", "Producer"].map(|key| format!("/{key} 9 0 R"));
        let mut objects = with_content("", b"BT /F1 12 Tf 50 700 Td (Hello) Tj ET", &[]);
        objects.push(format!("({})", "x\n".repeat(10 * MIB)).into_bytes());
        objects.push(format!("<<{}>>", keys.concat()).into_bytes());
        pdf(&objects, "/Info 10 0 R")
    }),
    ("pdf/table-stream-of-many-parts", || {
        let index = "0 0 ".repeat(5 * MIB);
        let table = stream(&format!("9 0 obj <</Type/XRef/Size 3/W[1 2 1]/Root 1 0 R/Index[{index}]"), b"");
        [b"%PDF-1.5\n".to_vec(), table, b"\nendobj startxref\n9\n%%EOF".to_vec()].concat()
    }),
    ("pdf/large-encryption", || {
        let filters: String = (0..400_000).map(|number| format!("/F{number}<</CFM/AESV2>>")).collect();
        pdf(
            &with_content("", b"", &[]),
            &format!("/Encrypt<</Filter/Standard/V 4/R 4/P -4/O(a)/U(b)/CF<<{filters}>>/StmF/F1/StrF/F1>>"),
        )
    }),
    ("pdf/object-stream", || pdf_1_5(&[(10, object_stream("/Fl", &bomb()))], 10, &[])),
    ("pdf/object-stream-twice-packed", || pdf_1_5(&[(10, object_stream("[/Fl/Fl]", &deflate(&bomb())))], 10, &[])),
    ("pdf/object-streams-of-a-megabyte", || {
        let data = deflate(&[b"20 0 ".to_vec(), vec![b' '; MIB]].concat());
        let streams: Vec<_> = (0..500).map(|number| (100 + number, object_stream("/Fl", &data))).collect();
        pdf_1_5(&streams, 100, &(0..500).map(|number| (10_000 + number, 100 + number)).collect::<Vec<_>>())
    }),
    ("pdf/object-stream-in-itself", || pdf_1_5(&[(10, object_stream("/Fl", &deflate(b"10 0 <<>>")))], 10, &[(10, 10)])),
    ("pdf/object-stream-of-many-objects", || {
        let list: String = (0..700_000).map(|number| format!("{number} {number} ")).collect();
        let data = deflate(&[list.as_bytes(), &vec![b' '; MIB]].concat());
        let dict = format!("<</Type/ObjStm/N 9999999/First {}/Filter/Fl", list.len());
        pdf_1_5(&[(10, stream(&dict, &data))], 10, &[])
    }),
    ("pdf/object-stream-encrypted", encrypted_object_stream),
    ("pdf/table-stream", || {
        let table = stream("9 0 obj <</Type/XRef/Size 3/W[1 2 1]/Root 1 0 R/Filter/Fl", &bomb());
        [b"%PDF-1.5\n".to_vec(), table, b"\nendobj startxref\n9\n%%EOF".to_vec()].concat()
    }),
    ("pdf/table-stream-of-many-objects", || {
        let rows: Vec<u8> = (0..4_000_000_u32).flat_map(|row| [vec![1], row.to_be_bytes().to_vec()].concat()).collect();
        let table = stream("9 0 obj <</Type/XRef/Size 4000000/W[1 4 0]/Root 1 0 R/Filter/Fl", &deflate(&rows));
        [b"%PDF-1.5\n".to_vec(), table, b"\nendobj startxref\n9\n%%EOF".to_vec()].concat()
    }),
    ("pdf/hybrid-table", || {
        let mut file = pdf(&with_content("", b"", &[]), "/XRefStm 100000");
        file.resize(100_000, b' ');
        file.extend(stream("9 0 obj <</Type/XRef/Size 3/W[1 2 1]/Filter/Fl", &bomb()));
        let start = find(&file, b"xref\n0 ");
        [file, format!("\nendobj startxref\n{start}\n%%EOF").into_bytes()].concat()
    }),
    ("pdf/tables-in-a-circle", || {
        let mut file = b"%PDF-1.4\n".to_vec();
        for number in 0..100_000 {
            let offset = file.len();
            let previous = if number == 0 { 4_000_000 } else { offset - 52 };
            file.extend(format!("xref\n0 0\ntrailer<</Prev {previous:9}/Root 1 0 R>>      ").bytes());
        }
        let start = file.len() - 52;
        [file, format!("startxref\n{start}\n%%EOF").into_bytes()].concat()
    }),
    ("pdf/table-of-many-parts", || {
        [&b"%PDF-1.4\nxref\n"[..], &b"0 0\n".repeat(7 * MIB), b"trailer<</Root 1 0 R>>startxref\n9\n%%EOF"].concat()
    }),
    ("pdf/streams-in-streams", || {
        let mut objects = with_content("", b"", &[]);
        let start = "<</Length 999999999>>stream\n".repeat(40_000);
        objects.push(start.into_bytes());
        objects.push(b"endstream".to_vec());
        pdf(&objects, "")
    }),
    ("pdf/overlapping-streams", overlapping_streams),
    ("pdf/comments-after-objects", comments_after_objects),
    ("pdf/table-of-blanks", || {
        let blanks = b" ".repeat(15 * MIB);
        [&b"%PDF-1.4\nxref\n0 0"[..], &blanks, b"0 0", &blanks, b"trailer<</Root 1 0 R>>startxref\n9\n%%EOF"].concat()
    }),
    // PDF: files to repair.
    ("pdf/repair-open-strings", || [&b"%PDF-1.4\n"[..], &b"1 0 obj (".repeat(3 * MIB)].concat()),
    ("pdf/repair-open-arrays", || [&b"%PDF-1.4\n"[..], &b"1 0 obj [".repeat(3 * MIB)].concat()),
    ("pdf/repair-open-dictionaries", || [&b"%PDF-1.4\n"[..], &b" <</A ".repeat(4 * MIB)].concat()),
    ("pdf/repair-open-names", || [&b"%PDF-1.4\n"[..], &b" <</A<".repeat(4 * MIB)].concat()),
    ("pdf/repair-comments", || [&b"%PDF-1.4\n"[..], &b"1 0 obj %".repeat(3 * MIB)].concat()),
    ("pdf/repair-comments-in-heads", || [&b"%PDF-1.4\n"[..], &b"1 % ".repeat(7 * MIB)].concat()),
    ("pdf/repair-comments-after-streams", || [&b"%PDF-1.4 1 0 obj\n"[..], &b"<</Type/ObjStm>>% ".repeat(MIB)].concat()),
    ("pdf/repair-blanks", || [&b"%PDF-1.4\n"[..], &b" \n".repeat(15 * MIB)].concat()),
    ("pdf/repair-words", || [&b"%PDF-1.4\n"[..], &b"a ".repeat(15 * MIB)].concat()),
    ("pdf/repair-object-streams", || {
        let object = object_stream("/Fl", &deflate(&vec![b' '; 4 * MIB]));
        [b"%PDF-1.4\n".to_vec(), [&b"5 0 obj "[..], &object, b" endobj\n"].concat().repeat(1_000)].concat()
    }),
    ("pdf/repair-trailers", || {
        let root = [&b"%PDF-1.4\n1 0 obj<</Pages 2 0 R/A("[..], &vec![b'x'; 10 * MIB], b")>>endobj"].concat();
        [root, b" <</Root 1 0 R>>".repeat(MIB)].concat()
    }),
    ("pdf/repair-streams-without-end", || {
        [&b"%PDF-1.4\n"[..], &b"1 0 obj<</Type/ObjStm/N 1/First 1>>stream\n".repeat(700_000)].concat()
    }),
    ("pdf/nested-arrays", || content("", &[b"[".repeat(15 * MIB), b"]".repeat(15 * MIB)].concat())),
    ("pdf/nested-dictionaries", || pdf(&[&with_content("", b"", &[])[..], &[b"<</A".repeat(5 * MIB)]].concat(), "")),
    // PDF: page trees.
    ("pdf/a-million-kids", || {
        let kids = "<<>>".repeat(MIB);
        pdf(
            &["<</Type/Catalog/Pages 2 0 R>>".into(), format!("<</Type/Pages/Kids[{kids}]>>")].map(String::into_bytes),
            "",
        )
    }),
    ("pdf/a-million-references-to-kids", || {
        let kids = "3 0 R 4 0 R ".repeat(MIB);
        let objects = ["<</Type/Catalog/Pages 2 0 R>>".into(), format!("<</Type/Pages/Kids[{kids}]>>"), "<<>>".into()];
        pdf(&objects.map(String::into_bytes), "")
    }),
    ("pdf/tree-in-a-circle", || {
        pdf(&["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[2 0 R 3 0 R]>>", "<</Type/Pages/Kids[2 0 R]>>"], "")
    }),
    ("pdf/deep-tree", || {
        let node = |number: usize| format!("<</Type/Pages/Kids[{} 0 R]>>", number + 3);
        let nodes = (0..300_000).map(node).map(String::into_bytes);
        pdf(&[b"<</Type/Catalog/Pages 2 0 R>>".to_vec()].into_iter().chain(nodes).collect::<Vec<_>>(), "")
    }),
    ("pdf/large-shared-resources", || {
        let fonts: String = (0..100_000).map(|number| format!("/F{number} 3 0 R ")).collect();
        let kids = "<</Type/Page/Contents 4 0 R>>".repeat(2_000);
        let objects = [
            "<</Type/Catalog/Pages 2 0 R>>".into(),
            format!("<</Type/Pages/Kids[{kids}]/Resources<</Font<<{fonts}>>>>>>"),
            "null".into(),
            "<</Length 1>>stream\nq\nendstream".into(),
        ];
        pdf(&objects.map(String::into_bytes), "")
    }),
    ("pdf/large-inherited-node", || {
        let kids: String = (0..2_000).map(|number| format!("{} 0 R ", number + 4)).collect();
        let mut objects = vec![
            b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
            format!("<</Type/Pages/Kids[{kids}]/A 3 0 R/X({})>>", "x".repeat(10 * MIB)).into_bytes(),
            b"null".to_vec(),
        ];
        objects.extend((0..2_000).map(|_| b"<</Type/Page/Parent 2 0 R/Rotate 2 0 R>>".to_vec()));
        pdf(&objects, "")
    }),
    ("pdf/boxes-of-large-objects", || {
        let kids: String = (0..2_000).map(|number| format!("{} 0 R ", number + 5)).collect();
        let mut objects = vec![
            b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
            format!("<</Type/Pages/Kids[{kids}]>>").into_bytes(),
            b"[4 0 R 4 0 R 4 0 R 4 0 R]".to_vec(),
            format!("[{}]", "1 ".repeat(10 * MIB)).into_bytes(),
        ];
        objects.extend((0..2_000).map(|_| b"<</Type/Page/MediaBox 3 0 R>>".to_vec()));
        pdf(&objects, "")
    }),
    ("pdf/structure-that-is-not-read", || {
        let mut objects = with_content("", b"BT /F1 12 Tf 50 700 Td (Hello) Tj ET", &[]);
        objects[0] = b"<</Type/Catalog/Pages 2 0 R/StructTreeRoot 9 0 R>>".to_vec();
        objects.extend((0..200_000).map(|number| format!("<</K {} 0 R>>", number + 9).into_bytes()));
        pdf(&objects, "")
    }),
    ("pdf/boxes-of-long-objects", || {
        let kids: String = (0..2_000).map(|number| format!("{} 0 R ", number + 5)).collect();
        let mut objects = vec![
            b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
            format!("<</Type/Pages/Kids[{kids}]>>").into_bytes(),
            b"[4 0 R 4 0 R 4 0 R 4 0 R]".to_vec(),
            format!("[{}]", "1 ".repeat(MIB - 2)).into_bytes(),
        ];
        objects.extend(
            (0..2_000).map(|_| b"<</Type/Page/MediaBox 3 0 R/CropBox 4 0 R/Rotate 4 0 R/Resources 4 0 R>>".to_vec()),
        );
        pdf(&objects, "")
    }),
    ("pdf/kids-up-to-the-limit", || {
        let kids = "3 0 R 4 0 R ".repeat(174_000);
        let objects = ["<</Type/Catalog/Pages 2 0 R>>".into(), format!("<</Type/Pages/Kids[{kids}]>>"), "<<>>".into()];
        pdf(&objects.map(String::into_bytes), "")
    }),
    ("pdf/hidden-layers", || {
        let layers: String = (0..190_000).map(|number| format!("{number} 0 R ")).collect();
        let mut objects = with_content("", b"q", &[]);
        objects[0] =
            b"<</Type/Catalog/Pages 2 0 R/OCProperties<</OCGs 9 0 R/D<</BaseState/OFF/ON 9 0 R/OFF 9 0 R>>>>>>"
                .to_vec();
        objects.push(format!("[{layers}]").into_bytes());
        pdf(&objects, "")
    }),
    ("pdf/pages-of-many-entries", || {
        let entries: String = (0..230_000).map(|number| format!("/{number:x} 1")).collect();
        let mut objects = with_content("", b"q", &[]);
        objects[1] = b"<</Type/Pages/Kids[9 0 R 10 0 R 11 0 R 12 0 R 13 0 R 14 0 R 15 0 R 16 0 R]>>".to_vec();
        objects.extend(
            (0..8).map(|_| format!("<</Type/Page/Contents 4 0 R/Resources<</Font<<{entries}>>>>>>").into_bytes()),
        );
        pdf(&objects, "")
    }),
    ("pdf/resources-of-many-entries", || {
        let entries: String = (0..230_000).map(|number| format!("/{number:x} 1")).collect();
        let keys = ["ExtGState", "Font", "ColorSpace", "XObject", "Pattern", "Shading", "Properties"];
        let keys: String = keys.iter().map(|key| format!("/{key} 9 0 R")).collect();
        let mut objects = with_content("", b"q", &[]);
        objects[2] = page(&format!("/Contents 4 0 R/Resources<<{keys}>>"));
        objects.push(format!("<<{entries}>>").into_bytes());
        pdf(&objects, "")
    }),
    ("pdf/objects-without-a-tree", || {
        let mut objects = vec![b"<</Type/Catalog/Pages 2 0 R>>".to_vec(), b"<<>>".to_vec()];
        objects.extend((0..15).map(|_| format!("[{}]", "1 ".repeat(MIB - 2)).into_bytes()));
        pdf(&objects, "")
    }),
    ("pdf/many-objects", || {
        let kids: String = (0..120_000).map(|number| format!("{} 0 R ", number + 3)).collect();
        let mut objects =
            vec![b"<</Type/Catalog/Pages 2 0 R>>".to_vec(), format!("<</Type/Pages/Kids[{kids}]>>").into_bytes()];
        objects.extend((0..120_000).map(|_| b"<<>>".to_vec()));
        pdf(&objects, "")
    }),
    ("pdf/many-references", || {
        let mut objects = with_content("", b"q", &[]);
        objects[0] = b"<</Type/Catalog/Pages 2 0 R/A[9 0 R 10 0 R 11 0 R 12 0 R]>>".to_vec();
        objects.extend((0..4).map(|_| format!("[{}]", "3 0 R 4 0 R ".repeat(170_000)).into_bytes()));
        pdf(&objects, "")
    }),
    // PDF: content.
    ("pdf/inline-images-without-end", || content("/Filter/Fl", &deflate(&b"BI /W 1 /H 1 ID ".repeat(500_000)))),
    ("pdf/inline-images-in-each-other", || {
        content("/Filter/Fl", &deflate(&b"BI /W 1 /H 1 ID x EI q BI ".repeat(400_000)))
    }),
    ("pdf/inline-images-after-the-end", || {
        content("/Filter/Fl", &deflate(&[b") ".to_vec(), b"BI ID EI ".repeat(MIB)].concat()))
    }),
    ("pdf/operators", || content("/Filter/Fl", &deflate(&b"q ".repeat(14 * MIB)))),
    ("pdf/operators-with-operands", || content("/Filter/Fl", &deflate(&b"1 0 0 1 0 0 cm\n".repeat(MIB)))),
    ("pdf/operators-without-a-name", || content("/Filter/Fl", &deflate(&b"1a ".repeat(9 * MIB)))),
    ("pdf/numbers-in-content", || content("/Filter/Fl", &deflate(&b"1 ".repeat(12 * MIB)))),
    ("pdf/operands", || {
        content("/Filter/Fl", &deflate(&["1 ".repeat(32), "q ".into()].concat().repeat(360_000).into_bytes()))
    }),
    ("pdf/array-in-content", || {
        content("/Filter/Fl", &deflate(&[&b"["[..], &b"1 ".repeat(12 * MIB), b"] TJ"].concat()))
    }),
    ("pdf/string-in-content", || {
        content("/Filter/Fl", &deflate(&[&b"("[..], &vec![b'x'; 24 * MIB], b") Tj"].concat()))
    }),
    ("pdf/numbers-in-content-with-an-image", || {
        content("/Filter/Fl", &deflate(&[&b"BI ID x EI "[..], &b"/1 ".repeat(7 * MIB)].concat()))
    }),
    ("pdf/dictionaries-in-content", || content("/Filter/Fl", &deflate(&b"/A<</B<</C 1>>>>BDC EMC ".repeat(MIB)))),
    ("pdf/forms-that-draw-forms", || {
        let mut objects = with_content("", "/X9 Do ".repeat(30).as_bytes(), &[]);
        objects[2] = page("/Contents 4 0 R/Resources<</XObject<</X9 9 0 R>>>>");
        for number in 9..20 {
            let dict = format!("<</Subtype/Form/Resources<</XObject<</X {} 0 R>>>>", number + 1);
            objects.push(stream(&dict, "/X Do ".repeat(30).as_bytes()));
        }
        pdf(&objects, "")
    }),
    ("pdf/form-with-large-matrix", || {
        let mut objects = with_content("", &b"/X Do ".repeat(300_000), &[]);
        objects[2] = page("/Contents 4 0 R/Resources<</XObject<</X 9 0 R>>>>");
        objects.push(stream("<</Subtype/Form/Matrix[10 0 R 10 0 R 10 0 R 10 0 R 10 0 R 10 0 R]", b"q"));
        objects.push([&b"["[..], &b"1 ".repeat(5 * MIB), b"]"].concat());
        pdf(&objects, "")
    }),
    ("pdf/large-font-dictionary", || {
        let mut objects = with_content("", &b"/F1 1 Tf ".repeat(MIB), &[]);
        objects[4] =
            format!("<</Type/Font/Subtype/Type1/BaseFont/Helvetica/X({})>>", "x".repeat(10 * MIB)).into_bytes();
        pdf(&objects, "")
    }),
    ("pdf/large-inline-font", || {
        let mut objects = with_content("", &b"/F1 1 Tf ".repeat(MIB), &[]);
        let font = format!("<</Type/Font/Subtype/Type1/BaseFont/Helvetica/X({})>>", "x".repeat(10 * MIB));
        objects[2] = page(&format!("/Contents 4 0 R/Resources<</Font<</F1 {font}>>>>"));
        pdf(&objects, "")
    }),
    ("pdf/large-marked-content", || {
        let mut objects = with_content("", &b"/Span /P BDC EMC ".repeat(500_000), &[]);
        objects[2] = page("/Contents 4 0 R/Resources<</Properties<</P 9 0 R>>>>");
        objects.push(format!("<</ActualText({})>>", "x".repeat(10 * MIB)).into_bytes());
        pdf(&objects, "")
    }),
    ("pdf/layers-of-many-layers", || {
        let mut objects = with_content("", &b"/OC /P BDC EMC ".repeat(500_000), &[]);
        objects[2] = page("/Contents 4 0 R/Resources<</Properties<</P 9 0 R>>>>");
        objects.push(format!("<</Type/OCMD/OCGs[{}]>>", "10 0 R ".repeat(MIB)).into_bytes());
        objects.push(b"<<>>".to_vec());
        pdf(&objects, "")
    }),
    ("pdf/annotations", || {
        let mut objects = with_content("", b"", &[]);
        objects[2] = page(&format!("/Annots[{}]", "9 0 R ".repeat(MIB)));
        let value = "x".repeat(100_000);
        objects.push(format!("<</Subtype/Widget/Rect[0 0 9 9]/Parent 10 0 R/V 3/X({value})>>").into_bytes());
        objects.push(b"<</Parent 9 0 R>>".to_vec());
        pdf(&objects, "")
    }),
    ("pdf/annotations-with-forms", || {
        let mut objects = with_content("", b"", &[]);
        objects[2] = page(&format!("/Annots[{}]", "9 0 R ".repeat(MIB)));
        objects.push(b"<</Subtype/Stamp/Rect[0 0 9 9]/AP<</N 10 0 R>>>>".to_vec());
        objects.push(stream("<</Subtype/Form/Filter/Fl", &deflate(&vec![b' '; MIB])));
        pdf(&objects, "")
    }),
    // PDF: fonts.
    ("pdf/font-of-300-mib", || font("/FontDescriptor<</FontFile2 10 0 R>>", &bomb())),
    ("pdf/map-of-300-mib", || font("/ToUnicode 10 0 R", &bomb())),
    ("pdf/map-of-many-entries", || {
        font("/ToUnicode 10 0 R", &deflate(format!("9 beginbfchar {} endbfchar", "<1><1>".repeat(3 * MIB)).as_bytes()))
    }),
    ("pdf/map-of-long-strings", || {
        font(
            "/ToUnicode 10 0 R",
            &deflate(format!("9 beginbfrange <00><ff><{}> endbfrange", "0041".repeat(MIB)).as_bytes()),
        )
    }),
    ("pdf/font-of-empty-blocks", || fonts(20, "/FontDescriptor<</FontFile2 10 0 R>>", &empty_blocks(20 * MIB))),
    ("pdf/map-of-empty-blocks", || fonts(20, "/ToUnicode 10 0 R", &empty_blocks(2 * MIB))),
    ("pdf/map-of-fewer-empty-blocks", || fonts(20, "/ToUnicode 10 0 R", &empty_blocks(MIB))),
    ("pdf/map-of-many-bases", || font("/ToUnicode 10 0 R", &deflate(&b"/UniJIS-UTF16-H usecmap ".repeat(500_000)))),
    ("pdf/fonts-that-share-a-map", || {
        fonts(
            3_000,
            "/ToUnicode 10 0 R",
            &deflate(format!("9 beginbfchar {} endbfchar", "<1><1>".repeat(60_000)).as_bytes()),
        )
    }),
    ("pdf/fonts-with-predefined-maps", || {
        let font = "/Subtype/Type0/Encoding/UniJIS-UTF16-H/DescendantFonts[<</Subtype/CIDFontType0/CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)>>>>]";
        fonts(20_000, font, b"")
    }),
    ("pdf/fonts-with-wide-ranges", || {
        fonts(
            3_000,
            "/Subtype/Type0/Encoding/Identity-H/DescendantFonts[<</Subtype/CIDFontType2/W[0 65535 500 0 65535 500]>>]",
            b"",
        )
    }),
    ("pdf/fonts-with-shared-widths", || {
        let font = format!(
            "/Subtype/Type0/Encoding/Identity-H/DescendantFonts[<</Subtype/CIDFontType2/W[{}]>>]",
            "0 9 0 R ".repeat(1_000)
        );
        let mut objects = fonts_objects(200, &font, b"");
        objects[8] = format!("[{}]", "500 ".repeat(60_000)).into_bytes();
        pdf(&objects, "")
    }),
    ("pdf/names-of-glyphs-that-share-bytes", || {
        font("/Subtype/Type1/FontDescriptor<</FontFile3 10 0 R>>", &deflate(&cff_with_shared_names()))
    }),
    ("pdf/names-of-glyphs-out-of-order", || {
        fonts(
            100,
            "/Subtype/TrueType/FontDescriptor<</Flags 32/FontFile2 10 0 R>>",
            &deflate(&post_with_shared_names()),
        )
    }),
    ("pdf/many-code-tables", || {
        fonts(500, "/Subtype/TrueType/FontDescriptor<</FontFile2 10 0 R>>", &deflate(&many_code_tables()))
    }),
    ("pdf/type-1-encoding", || {
        let program = format!(
            "%!PS-AdobeFont-1.0\n/Encoding [{}] def currentfile eexec {}",
            "/a".repeat(3 * MIB),
            "/b 1 RD x ND ".repeat(500_000)
        );
        font("/Subtype/Type1/FontDescriptor<</FontFile 10 0 R>>", &deflate(program.as_bytes()))
    }),
    ("pdf/type-1-encoding-up-to-the-limit", || {
        let names = "/a".repeat(1_200);
        let program =
            format!("%!PS-AdobeFont-1.0\n/Encoding [{names}] def currentfile eexec {}", "/b 1 RD x ND ".repeat(30_000));
        fonts(100, "/Subtype/Type1/FontDescriptor<</FontFile 10 0 R>>", &deflate(program.as_bytes()))
    }),
    ("pdf/type-1-of-four-megabytes", || {
        let program = format!("%!PS-AdobeFont-1.0\ncurrentfile eexec {}", "/b 1 RD x ND ".repeat(320_000));
        font("/Subtype/Type1/FontDescriptor<</FontFile 10 0 R>>", &deflate(program.as_bytes()))
    }),
    ("pdf/map-up-to-the-limit", || {
        let entries: String =
            (0..140_000).map(|code| format!("<{:04x}><{:04x}>", code % 65_536, code % 50_000)).collect();
        let blocks = format!("1 begincodespacerange <0000><ffff> endcodespacerange 9 beginbfchar {entries} endbfchar");
        fonts(
            20,
            "/Subtype/Type0/Encoding/Identity-H/DescendantFonts[<</Subtype/CIDFontType2>>]/ToUnicode 10 0 R",
            &deflate(blocks.as_bytes()),
        )
    }),
    ("pdf/map-of-ranges", || {
        let entries = "<0000><ffff><0041>".repeat(100_000);
        let blocks =
            format!("1 begincodespacerange <0000><ffff> endcodespacerange 9 beginbfrange {entries} endbfrange");
        fonts(
            20,
            "/Subtype/Type0/Encoding/Identity-H/DescendantFonts[<</Subtype/CIDFontType2>>]/ToUnicode 10 0 R",
            &deflate(blocks.as_bytes()),
        )
    }),
    ("pdf/widths-of-large-objects", || {
        let mut objects =
            fonts_objects(100, &format!("/FirstChar 0/LastChar 255/Widths[{}]", "9 0 R ".repeat(256)), b"");
        objects[8] = format!("[{}]", "1 ".repeat(MIB - 2)).into_bytes();
        pdf(&objects, "")
    }),
    ("pdf/font-with-long-matrix", || {
        let mut objects = fonts_objects(2_000, "/Subtype/Type3/FontMatrix 7 0 R/FontBBox 7 0 R", b"");
        objects[6] = format!("[{}]", "9 0 R ".repeat(6)).into_bytes();
        objects[8] = format!("[{}]", "1 ".repeat(MIB - 2)).into_bytes();
        pdf(&objects, "")
    }),
    ("pdf/glyphs-drawn-by-large-objects", || {
        let procedures: String = (0..100_000).map(|number| format!("/g{number} 9 0 R ")).collect();
        let mut objects = fonts_objects(1, &format!("/Subtype/Type3/CharProcs<<{procedures}>>"), b"");
        objects[8] = stream(&format!("<</X({})", "x".repeat(MIB)), b"q");
        pdf(&objects, "")
    }),
    ("pdf/font-with-large-matrix", || {
        let mut objects = fonts_objects(2_000, "/Subtype/Type3/FontMatrix 7 0 R", b"");
        objects[6] = format!("[{}]", "9 0 R ".repeat(6)).into_bytes();
        objects[8] = format!("[{}]", "1 ".repeat(10 * MIB)).into_bytes();
        pdf(&objects, "")
    }),
    ("pdf/long-name-of-a-glyph", || {
        let font =
            format!("/Subtype/Type1/Encoding<</Differences[97/uni{0} 98/uni{0} 99/uni{0}]>>", "0041".repeat(2 * MIB));
        let mut objects = fonts_objects(1, &font, b"");
        objects[3] = stream("<<", &[&b"BT /F0 12 Tf 50 700 Td "[..], &b"(abc) Tj ".repeat(40_000)].concat());
        pdf(&objects, "")
    }),
    // PDF: layout.
    ("pdf/dense-pages", || {
        let line = "BT /F1 1 Tf 1 0 0 1 10 700 Tm ".to_owned() + &"(a) Tj 2 0 Td ".repeat(60_000) + "ET";
        pages(300, &line)
    }),
    ("pdf/rows-with-gaps", || {
        let mut text = "BT /F1 4 Tf ".to_owned();
        for row in 0..1_490 {
            let _ = write!(text, "1 0 0 1 10 {} Tm {}", 6_000 - 4 * row, "(a) Tj 9 0 Td ".repeat(60));
        }
        pages(300, &text)
    }),
    ("pdf/a-word-in-pieces", || {
        let text = "BT /F1 1 Tf 1 0 0 1 100000 700 Tm ".to_owned() + &"-0.55 0 Td (a) Tj ".repeat(190_000);
        pages(20, &text)
    }),
    ("pdf/right-to-left", || {
        let text = "BT /F2 1 Tf 1 0 0 1 100 700 Tm ".to_owned() + &"(a) Tj -0.55 0 Td (b) Tj ".repeat(90_000);
        pages(20, &text)
    }),
    ("pdf/every-direction", || {
        let mut text = "BT /F1 4 Tf ".to_owned();
        for step in 0..60_000 {
            let angle = f64::from(step) / 100.0;
            let (sin, cos) = (angle.sin(), angle.cos());
            let _ = write!(text, "{cos:.3} {sin:.3} {:.3} {cos:.3} 300 {} Tm (ab cd) Tj ", -sin, step % 700);
        }
        pages(50, &text)
    }),
    ("pdf/margins", || {
        let mut text = "BT /F1 1 Tf ".to_owned();
        for line in 0..20_000 {
            let _ = write!(text, "1 0 0 1 10 {} Tm ({line}) Tj ", 9_990.0 - f64::from(line) / 20.0);
        }
        pages(100, &text)
    }),
    ("pdf/ligatures", || {
        let map = format!("9 beginbfrange <00><ff><{}> endbfrange", "0041".repeat(500));
        let mut objects = fonts_objects(1, "/Subtype/TrueType/ToUnicode 10 0 R", &deflate(map.as_bytes()));
        objects[3] = stream("<<", &[&b"BT /F0 12 Tf 50 700 Td "[..], &b"(abcdefgh) Tj ".repeat(20_000)].concat());
        pdf(&objects, "")
    }),
    // Web pages.
    ("html/attributes", || {
        let attributes: String = (0..900_000).map(|number| format!("{number:x} ")).collect();
        format!("<html><p {attributes}>text").into_bytes()
    }),
    ("html/many-tags-with-attributes", || {
        let attributes: String = (0..256).map(|number| format!("a{number} ")).collect();
        format!("<html>{}text", format!("<p {attributes}>").repeat(6_000)).into_bytes()
    }),
    ("html/attributes-with-equal-names", || format!("<html><p {}>text", "a ".repeat(4_000_000)).into_bytes()),
    ("html/references", || format!("<html>{}", "&notit;".repeat(MIB)).into_bytes()),
    ("html/references-to-be", || format!("<html>{}", "&CounterClockwiseContourIntegra".repeat(200_000)).into_bytes()),
    ("html/numbers", || format!("<html>{}", "&#9".repeat(2_600_000)).into_bytes()),
    ("html/nested", || format!("<html>{}text", "<b>".repeat(490_000)).into_bytes()),
    ("html/ends-without-starts", || format!("<html>{}{}", "<b>".repeat(500), "</i>".repeat(490_000)).into_bytes()),
    ("html/table-cells", || format!("<html><table>{}", "<tr><td>a".repeat(240_000)).into_bytes()),
    ("html/one-row", || format!("<html><table><tr>{}", "<td>a".repeat(490_000)).into_bytes()),
    ("html/quotes", || format!("<html><blockquote type=cite>{}", "a<br>".repeat(490_000)).into_bytes()),
    ("html/open-comment", || format!("<html><!--{}", "->".repeat(4_000_000)).into_bytes()),
    ("html/open-script", || format!("<html><script>{}", "</scrip ".repeat(490_000)).into_bytes()),
    ("html/title", || format!("<html><title>{}", "a b ".repeat(2_000_000)).into_bytes()),
    ("html/tabs-in-preformatted-text", || format!("<html><pre>{}", "a\t".repeat(4_000_000)).into_bytes()),
    ("html/returns-in-preformatted-text", || format!("<html><pre>{}", "a\r\r".repeat(2_700_000)).into_bytes()),
    ("html/long-names-that-begin-alike", || {
        let name = "a".repeat(1_995);
        let open: String = (0..510).map(|number| format!("<{name}{number:04}>")).collect();
        format!("<html>{open}{}", format!("</{name}zzzz>").repeat(3_400)).into_bytes()
    }),
    ("html/long-attributes-that-begin-alike", || {
        let name = "a".repeat(31_000);
        let attributes: String = (0..256).map(|number| format!("{name}{number:04} ")).collect();
        format!("<html><p {attributes}>text").into_bytes()
    }),
    // Mails.
    ("mail/long-tag", || mail("", &format!("Content-Type: text/html\r\n\r\n<p {}>text", "a b c ".repeat(500_000)))),
    ("mail/parameters", || {
        mail(&format!("Content-Type: text/plain;{}\r\n", "\r\n x*1=a;".repeat(300_000)), "\r\ntext")
    }),
    ("mail/parameters-in-one-line", || {
        mail(&format!("Content-Type: text/plain{}\r\n", ";a'b'c".repeat(300_000)), "\r\ntext")
    }),
    ("mail/multiparts-without-end", || {
        let part = format!("--b\r\nContent-Type: multipart/mixed; boundary={}\r\n\r\n", "x".repeat(20));
        mail(
            "Content-Type: multipart/mixed; boundary=b\r\n",
            &format!("\r\n{}{}", part.repeat(9_000), " ".repeat(25 * MIB)),
        )
    }),
    ("mail/boundary-of-dashes", || {
        let boundary = "-".repeat(MIB) + "x";
        let line = "-".repeat(4 * MIB);
        mail(&format!("Content-Type: multipart/mixed; boundary={boundary}\r\n"), &format!("\r\n{line}"))
    }),
    ("mail/nested", || {
        let part = "Content-Type: message/rfc822\r\n\r\nFrom: a@b.c\r\nTo: d@e.f\r\n";
        mail("", &format!("{}\r\ntext", part.repeat(100)))
    }),
    ("mail/parts", || {
        let part = "--b\r\nContent-Type: text/plain\r\n\r\ntext\r\n";
        mail("Content-Type: multipart/mixed; boundary=b\r\n", &format!("\r\n{}--b--", part.repeat(9_900)))
    }),
    ("mail/addresses", || mail(&format!("To: {}\r\n", "a@b.c,".repeat(490_000)), "\r\ntext")),
    ("mail/encoded-words", || mail(&format!("Subject: {}\r\n", "=?utf-8?q?a?= ".repeat(MIB)), "\r\ntext")),
    ("mail/open-encoded-words", || mail(&format!("Subject: {}\r\n", "=?utf-8?q?".repeat(MIB)), "\r\ntext")),
    ("mail/fields", || mail(&"A: b\r\n".repeat(490_000), "\r\ntext")),
    ("mail/received", || mail(&format!("Received: {}\r\n", "from a by b (c (d)) for e; ".repeat(MIB)), "\r\ntext")),
    ("mail/paragraphs", || mail("", &format!("\r\n{}", "ab\r\n\r\n".repeat(240_000)))),
    ("mail/charset-that-grows", || {
        let text = "oaGh".repeat(7 * MIB);
        mail(
            "Content-Type: text/plain; charset=windows-874\r\nContent-Transfer-Encoding: base64\r\n",
            &format!("\r\n{text}"),
        )
    }),
    ("mail/pages", || {
        let part = "--b\r\nContent-Type: text/html\r\n\r\n<p>a<p>b<p>c\r\n";
        mail("Content-Type: multipart/mixed; boundary=b\r\n", &format!("\r\n{}--b--", part.repeat(9_900)))
    }),
    ("mail/attachments", || {
        let part = "--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n";
        let file = content("/Filter/Fl", &deflate(&b"BT /F1 12 Tf 50 700 Td (Hello) Tj ET ".repeat(200_000)));
        let encoded = base_64(&file);
        let part = format!("{part}{encoded}\r\n");
        mail("Content-Type: multipart/mixed; boundary=b\r\n", &format!("\r\n{}--b--", part.repeat(20)))
    }),
    ("mail/quotes", || mail("", &format!("\r\n{}", "> a\r\nb\r\n".repeat(240_000)))),
    ("mail/parts-within-lines", || {
        mail("Content-Type: multipart/mixed; boundary=b\r\n", &format!("\r\n{}", "y--b\n\n".repeat(240_000)))
    }),
    ("mail/fields-within-lines", || {
        mail(
            "Content-Type: multipart/mixed; boundary=b\r\n",
            &format!("\r\ny--b\nSubject: {}\n\ntext", "a b ".repeat(7 * MIB)),
        )
    }),
    ("mail/parameters-of-a-spaced-name", || {
        mail(&format!("Content -Type: text/plain;{}\r\n", "\r\n x*1=a;".repeat(300_000)), "\r\ntext")
    }),
    ("mail/boundary-of-dashes-of-a-spaced-name", || {
        let boundary = "-".repeat(MIB) + "x";
        let line = "-".repeat(4 * MIB);
        mail(&format!("Content -Type: multipart/mixed; boundary={boundary}\r\n"), &format!("\r\n{line}"))
    }),
    ("mail/groups", || mail(&format!("To: {}\r\n", "a:b;".repeat(1_000_000)), "\r\ntext")),
    ("mail/identifiers", || mail(&format!("References: {}\r\n", "<a>".repeat(1_300_000)), "\r\ntext")),
    ("mail/escaped-letters", || mail(&format!("To: \"{}\"\r\n", "\\a".repeat(2_000_000)), "\r\ntext")),
    ("mail/charset-of-many-bytes", || {
        mail("Content-Type: text/plain; charset=big5\r\n", &format!("\r\n{}", "a".repeat(30 * MIB)))
    }),
    ("mail/charset-of-controls", || {
        mail("Content-Type: text/plain; charset=iso-2022-jp\r\n", &format!("\r\n{}", "\x0e".repeat(30 * MIB)))
    }),
    ("mail/charset-of-pairs", || {
        mail("Content-Type: text/plain; charset=utf-16\r\n", &format!("\r\n{}", "a".repeat(30 * MIB)))
    }),
    ("mail/nested-in-base-64", || {
        let nested = base_64("Content-Type: message/rfc822\n\n".repeat(2_000).as_bytes());
        mail("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n", &format!("\r\n{nested}"))
    }),
    ("mail/nested-with-spaces", || mail("", &"Content-Type: message /rfc822\r\n\r\n".repeat(19_000))),
    ("mail/one-paragraph", || mail("", &format!("\r\n{}", "word ".repeat(1_600_000)))),
    ("mail/null-bytes-in-a-page", || {
        mail("Content-Type: text/html\r\n", &format!("\r\n<p>{}", "\0".repeat(8_000_000)))
    }),
    ("mail/slashes", || mail("", &format!("\r\n{}", "/".repeat(31 * MIB)))),
    // Texts.
    ("text/brackets", || format!("# a\n[b](c)\n{}", "[".repeat(8_000_000)).into_bytes()),
    ("text/links", || format!("# a\n[b](c)\n{}", "[a][".repeat(2_000_000)).into_bytes()),
    ("text/tables", || format!("# a\n|--|--|\n{}", "|a|b\n".repeat(490_000)).into_bytes()),
    ("text/one-line", || "word ".repeat(1_600_000).into_bytes()),
    ("text/columns", || "a   ".repeat(2_000_000).into_bytes()),
    ("text/lines", || "a\n\n".repeat(240_000).into_bytes()),
    ("text/form-feeds", || "a\x0c".repeat(490_000).into_bytes()),
    ("text/latin", || vec![0xe9; 8_000_000]),
    ("text/utf-16", || [&b"\xff\xfe"[..], &b"a\0".repeat(4_000_000)].concat()),
    // Word files.
    ("word/bomb", || word(&[("word/document.xml", &vec![b' '; 200 * MIB])])),
    ("word/one-text", || word(&[("word/document.xml", &text_run(&"word ".repeat(10 * MIB)))])),
    ("word/attributes", || {
        let attributes: String = (0..700_000).map(|number| format!(" a{number}=\"\"")).collect();
        word(&[("word/document.xml", format!("<w:document><w:p><w:pStyle{attributes}/></w:p>").as_bytes())])
    }),
    ("word/paragraphs", || {
        word(&[("word/document.xml", format!("<w:document>{}", "<w:p><w:t>a</w:t></w:p>".repeat(490_000)).as_bytes())])
    }),
    ("word/headers", || {
        let header: String = (0..200_000).map(|number| format!("<w:p><w:t>{number}</w:t></w:p>")).collect();
        let header = format!("<w:hdr>{header}</w:hdr>");
        let body = text_run("text");
        word(&[
            ("word/document.xml", &body),
            ("word/header1.xml", header.as_bytes()),
            ("word/header2.xml", header.as_bytes()),
        ])
    }),
    ("word/ten-thousand-headers", || {
        let header = b"<w:hdr><w:p><w:t>header</w:t></w:p></w:hdr>";
        let names: Vec<_> = (0..9_990).map(|number| format!("word/header{number}.xml")).collect();
        let body = text_run("text");
        let mut files = vec![("word/document.xml", &body[..])];
        files.extend(names.iter().map(|name| (name.as_str(), &header[..])));
        word(&files)
    }),
    ("word/styles", || {
        let style = |number| {
            format!(
                "<w:style w:styleId=\"{number}\"><w:name w:val=\"a\"/><w:basedOn w:val=\"{}\"/></w:style>",
                number + 1
            )
        };
        let styles: String = (0..400_000).map(style).collect();
        word(&[("word/document.xml", &text_run("text")), ("word/styles.xml", styles.as_bytes())])
    }),
    ("word/nested", || word(&[("word/document.xml", "<a>".repeat(5 * MIB).as_bytes())])),
    ("word/open-tag", || {
        word(&[("word/document.xml", format!("<w:document><w:p a=\"{}", "x".repeat(40 * MIB)).as_bytes())])
    }),
];

// --- PDF ---

/// Writes a PDF with these objects, numbered from 1. The first is the catalog.
fn pdf(objects: &[impl AsRef<[u8]>], trailer: &str) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        let _ = writeln!(table, "{:010} 00000 n ", file.len());
        file.extend(format!("{} 0 obj\n", index + 1).bytes());
        file.extend(object.as_ref());
        file.extend(b"\nendobj\n");
    }
    let start = file.len();
    file.extend(table.bytes());
    file.extend(
        format!("trailer\n<</Size {}/Root 1 0 R{trailer}>>\nstartxref\n{start}\n%%EOF", objects.len() + 1).bytes(),
    );
    file
}

/// A stream; its dictionary is left open.
fn stream(dict: &str, data: &[u8]) -> Vec<u8> {
    [format!("{dict}/Length {}>>\nstream\n", data.len()).as_bytes(), data, b"\nendstream"].concat()
}

fn page(entries: &str) -> Vec<u8> {
    format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 10000]{entries}>>").into_bytes()
}

/// The objects of a PDF with one page, whose content is object 4; the last of these is object 9.
fn with_content(dict: &str, data: &[u8], more: &[&str]) -> Vec<Vec<u8>> {
    let mut objects = vec![
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        page("/Contents 4 0 R/Resources<</Font<</F1 5 0 R/F2 6 0 R>>>>"),
        stream(&format!("<<{dict}"), data),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_vec(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding<</Differences[97/afii57664 98/afii57665]>>>>".to_vec(),
        b"null".to_vec(),
        b"null".to_vec(),
    ];
    objects.extend(more.iter().map(|object| object.as_bytes().to_vec()));
    objects
}

fn content(dict: &str, data: &[u8]) -> Vec<u8> {
    pdf(&with_content(dict, data, &[]), "")
}

/// Pages with the same content.
fn pages(count: usize, content: &str) -> Vec<u8> {
    let mut objects = with_content("/Filter/Fl", &deflate(content.as_bytes()), &[]);
    objects[1] =
        format!("<</Type/Pages/Kids[{}]>>", (0..count).map(|page| format!("{} 0 R ", page + 9)).collect::<String>())
            .into_bytes();
    let page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200000 10000]/Contents 4 0 R/Resources<</Font<</F1 5 0 R/F2 6 0 R>>>>>>";
    objects.extend((0..count).map(|_| page.to_vec()));
    pdf(&objects, "")
}

/// The objects of a PDF with fonts that have these entries; object 10 is a stream.
fn fonts_objects(count: usize, entries: &str, data: &[u8]) -> Vec<Vec<u8>> {
    let subtype = if entries.contains("/Subtype/T") { "" } else { "/Subtype/TrueType" };
    let content: String = (0..count).map(|font| format!("/F{font} 9 Tf (abc) Tj ")).collect();
    let mut objects = with_content("", format!("BT 50 700 Td {content} ET").as_bytes(), &[]);
    let names: String = (0..count).map(|font| format!("/F{font} {} 0 R ", font + 11)).collect();
    objects[2] = page(&format!("/Contents 4 0 R/Resources<</Font<<{names}>>>>"));
    objects.push(b"null".to_vec());
    objects.push(stream("<</Filter/Fl", data));
    objects.extend((0..count).map(|_| format!("<</Type/Font{subtype}/BaseFont/A{entries}>>").into_bytes()));
    objects
}

fn fonts(count: usize, entries: &str, data: &[u8]) -> Vec<u8> {
    pdf(&fonts_objects(count, entries, data), "")
}

fn font(entries: &str, data: &[u8]) -> Vec<u8> {
    fonts(1, entries, data)
}

fn object_stream(filter: &str, data: &[u8]) -> Vec<u8> {
    stream(&format!("<</Type/ObjStm/N 1/First 5/Filter{filter}"), data)
}

/// A PDF with a cross-reference stream. The catalog, object 1, and `compressed` are in object streams: pairs of the number
/// of an object and of its stream.
fn pdf_1_5(objects: &[(u32, Vec<u8>)], catalog_in: u32, compressed: &[(u32, u32)]) -> Vec<u8> {
    let mut file = b"%PDF-1.5\n".to_vec();
    let mut rows: Vec<(u32, [u32; 3])> = vec![(1, [2, catalog_in, 0])];
    for (number, object) in objects {
        rows.push((*number, [1, file.len() as u32, 0]));
        file.extend(format!("{number} 0 obj\n").bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    rows.extend(compressed.iter().map(|(number, stream)| (*number, [2, *stream, 0])));
    let index: String = rows.iter().map(|(number, _)| format!("{number} 1 ")).collect();
    let table: Vec<u8> = rows
        .iter()
        .flat_map(|(_, [kind, second, third])| {
            [vec![*kind as u8], second.to_be_bytes().to_vec(), third.to_be_bytes().to_vec()].concat()
        })
        .collect();
    let start = file.len();
    file.extend(stream(&format!("9 0 obj <</Type/XRef/Size 99999/Root 1 0 R/W[1 4 4]/Index[{index}]"), &table));
    file.extend(format!("\nendobj startxref\n{start}\n%%EOF").bytes());
    file
}

fn endstream_in_data() -> Vec<u8> {
    let mut data = vec![0x78, 0x01, 0x00, 9, 0, 0xf6, 0xff];
    data.extend(b"endstream");
    data.extend(&bomb()[2..]);
    content("/Filter/Fl", &data)
}

/// Objects, each within a comment that follows the one before and reaches to the end of the file.
fn comments_after_objects() -> Vec<u8> {
    let count = 200_000;
    let object = |number: usize| format!("{:07} 0 obj<<>> % ", number + 10);
    let size = object(0).len();
    let mut file = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Kids[]/A[".to_vec();
    file.extend((0..count).flat_map(|number| format!("{} 0 R ", number + 10).into_bytes()));
    file.extend(b"]>>endobj ");
    let pages = find(&file, b"2 0 obj<<");
    let first = file.len();
    file.extend((0..count).flat_map(|number| object(number).into_bytes()));
    file.resize(file.len() + 10 * MIB, b'x');
    let start = file.len() + 1;
    file.extend(format!("\nxref\n1 2\n{:010} 00000 n \n{pages:010} 00000 n \n10 {count}\n", 9).bytes());
    file.extend((0..count).flat_map(|number| format!("{:010} 00000 n \n", first + number * size).into_bytes()));
    file.extend(format!("trailer<</Root 1 0 R>>startxref\n{start}\n%%EOF").bytes());
    file
}

/// Streams that reach from their start to a common end.
fn overlapping_streams() -> Vec<u8> {
    let count = 2_000;
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut offsets = Vec::new();
    for number in 0..count {
        offsets.push(file.len());
        let length = 1_000_000 - file.len() - 60;
        file.extend(format!("{:05} 0 obj<</Length {length:07}>>stream\n", number + 10).bytes());
    }
    file.resize(1_000_000, b' ');
    file.extend(b"endstream endobj ");
    let catalog = file.len();
    file.extend(b"1 0 obj<</Type/Catalog/Pages 2 0 R/A[");
    file.extend((0..count).flat_map(|number| format!("{} 0 R ", number + 10).into_bytes()));
    file.extend(b"]>>endobj ");
    let pages = file.len();
    file.extend(b"2 0 obj<</Type/Pages/Kids[]>>endobj ");
    let start = file.len();
    file.extend(format!("xref\n1 2\n{catalog:010} 00000 n \n{pages:010} 00000 n \n10 {count}\n").bytes());
    file.extend(offsets.iter().flat_map(|offset| format!("{offset:010} 00000 n \n").into_bytes()));
    file.extend(format!("trailer<</Root 1 0 R>>startxref\n{start}\n%%EOF").bytes());
    file
}

/// An object stream that unfolds once it is decrypted. The key is that of object 5 for this dictionary and identifier and
/// no password.
fn encrypted_object_stream() -> Vec<u8> {
    let key = [0x28, 0xe2, 0xb3, 0xe2, 0x28, 0x6d, 0x08, 0x1e, 0x4c, 0x23];
    let mut file = pdf_1_5(&[(5, object_stream("/Fl", &rc4(&key, &bomb())))], 5, &[]);
    let encryption = format!(
        "/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<{}>/U<a9ee7d800f44931ff8cdec5b22c6538ff5769ee4a70688b407d583b31a2ca3ab>>>/ID[(ab)(c)]",
        "00".repeat(32)
    );
    let at = find(&file, b"/Type/XRef") + b"/Type/XRef".len();
    file.splice(at..at, encryption.bytes());
    file
}

/// RC4, which is its own inverse.
fn rc4(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut state: Vec<u8> = (0..=255).collect();
    let mut j = 0_u8;
    for i in 0..256 {
        j = j.wrapping_add(state[i]).wrapping_add(key[i % key.len()]);
        state.swap(i, usize::from(j));
    }
    let (mut i, mut j) = (0_u8, 0_u8);
    let next = |byte: &u8| {
        i = i.wrapping_add(1);
        j = j.wrapping_add(state[usize::from(i)]);
        state.swap(usize::from(i), usize::from(j));
        byte ^ state[usize::from(state[usize::from(i)].wrapping_add(state[usize::from(j)]))]
    };
    data.iter().map(next).collect()
}

/// A CFF font of 65,000 glyphs, all with one name of 60,000 bytes.
fn cff_with_shared_names() -> Vec<u8> {
    let glyphs = 65_000_u16;
    let index = |items: &[&[u8]]| {
        let mut out = (items.len() as u16).to_be_bytes().to_vec();
        out.push(4);
        let mut offset = 1_u32;
        out.extend(offset.to_be_bytes());
        for item in items {
            offset += item.len() as u32;
            out.extend(offset.to_be_bytes());
        }
        items.iter().for_each(|item| out.extend(*item));
        out
    };
    let number = |value: usize| [vec![29], (value as u32).to_be_bytes().to_vec()].concat();
    let name = vec![b'a'; 60_000];
    let (names, strings, global) = (index(&[b"A"]), index(&[&name]), index(&[]));
    let global = global[..2].to_vec();
    // Charset, then the glyphs: both after the other parts.
    let top = |charset: usize, charstrings: usize| {
        index(&[&[number(charset), vec![15], number(charstrings), vec![17]].concat()])
    };
    let start = 4 + names.len() + top(0, 0).len() + strings.len() + global.len();
    let charset: Vec<u8> = std::iter::once(0).chain((1..glyphs).flat_map(|_| 391_u16.to_be_bytes())).collect();
    let mut charstrings = glyphs.to_be_bytes().to_vec();
    charstrings.push(1);
    charstrings.extend(std::iter::repeat_n(1, usize::from(glyphs) + 1));
    [&[1, 0, 4, 4][..], &names, &top(start, start + charset.len()), &strings, &global, &charset, &charstrings].concat()
}

/// An OpenType font of these tables.
fn sfnt(tables: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut font = vec![0, 1, 0, 0];
    font.extend((tables.len() as u16).to_be_bytes());
    font.extend([0; 6]);
    let mut offset = 12 + 16 * tables.len() as u32;
    for (tag, table) in tables {
        font.extend(*tag);
        font.extend([0; 4]);
        font.extend(offset.to_be_bytes());
        font.extend((table.len() as u32).to_be_bytes());
        offset += table.len() as u32;
    }
    tables.iter().for_each(|(_, table)| font.extend(table));
    font
}

fn maxp(glyphs: u16) -> Vec<u8> {
    [vec![0, 0, 0x50, 0], glyphs.to_be_bytes().to_vec()].concat()
}

fn head() -> Vec<u8> {
    let mut table = vec![0; 54];
    table[0..4].copy_from_slice(&[0, 1, 0, 0]);
    table[12..16].copy_from_slice(&[0x5f, 0x0f, 0x3c, 0xf5]);
    table[18..20].copy_from_slice(&1000_u16.to_be_bytes());
    table
}

/// A font whose 60,000 names are in no order, so that each is searched for.
fn post_with_shared_names() -> Vec<u8> {
    let count = 60_000_u16;
    let mut post = vec![0, 2, 0, 0];
    post.extend([0; 28]);
    post.extend(count.to_be_bytes());
    post.extend(
        (0..count)
            .flat_map(|glyph| (258 + (u32::from(glyph) * 40_503 % u32::from(count)) as u16 % 65_000).to_be_bytes()),
    );
    (0..count).for_each(|_| post.extend([b"\x3f".to_vec(), vec![b'a'; 63]].concat()));
    sfnt(&[(b"head", head()), (b"maxp", maxp(count)), (b"post", post)])
}

fn many_code_tables() -> Vec<u8> {
    let count = 65_000_u16;
    let mut cmap = vec![0, 0];
    cmap.extend(count.to_be_bytes());
    let offset = 4 + 8 * u32::from(count);
    (0..count).for_each(|_| cmap.extend([&[0, 3, 0, 0][..], &offset.to_be_bytes()].concat()));
    // Format 6 without codes.
    cmap.extend([0, 6, 0, 10, 0, 0, 0, 0, 0, 0]);
    sfnt(&[(b"cmap", cmap), (b"head", head()), (b"maxp", maxp(2))])
}

// --- Packing ---

/// 300 MiB of blanks, packed once.
fn bomb() -> Vec<u8> {
    deflate(&vec![b' '; 300 * MIB])
}

fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(data).expect("a list takes everything");
    encoder.finish().expect("a list takes everything")
}

fn raw_deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(data).expect("a list takes everything");
    encoder.finish().expect("a list takes everything")
}

/// Writes a zlib stream bit by bit.
struct BitWriter {
    bytes: Vec<u8>,
    bits: u64,
    count: u32,
}

impl BitWriter {
    fn new() -> Self {
        Self { bytes: vec![0x78, 0x01], bits: 0, count: 0 }
    }

    fn put(&mut self, value: u64, width: u32) {
        self.bits |= value << self.count;
        self.count += width;
        while self.count >= 8 {
            self.bytes.push(self.bits as u8);
            self.bits >>= 8;
            self.count -= 8;
        }
    }

    /// Begins a block with a table of its own: only `ends` symbols from 256 on, the end of the block first, and distance 0
    /// have a code, of one bit each.
    fn begin_block(&mut self, is_last: bool, ends: u64) {
        self.put(0b100 | u64::from(is_last), 3);
        self.put(ends - 1, 5);
        self.put(0, 5);
        self.put(14, 4);
        // The code lengths 0, 1 and 18 have two bits or one.
        for length in [0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2] {
            self.put(length, 3);
        }
        // 18 is "0", 0 is "10", 1 is "11", read from the first bit.
        self.put(0, 1);
        self.put(127, 7);
        self.put(0, 1);
        self.put(107, 7);
        (0..=ends).for_each(|_| self.put(0b11, 2));
    }
}

/// Blocks with tables of their own and nothing else.
fn empty_blocks(length: usize) -> Vec<u8> {
    let mut writer = BitWriter::new();
    loop {
        writer.begin_block(false, 1);
        writer.put(0, 1);
        if writer.bytes.len() > length {
            return writer.bytes;
        }
    }
}

/// A block of copies of three bytes from before the start of the output: two bits each.
fn copies_of_nothing(length: usize) -> Vec<u8> {
    let mut writer = BitWriter::new();
    writer.begin_block(true, 2);
    // The longer code, 257, is "1"; the distance is "0".
    for _ in 0..length * 4 {
        writer.put(0b01, 2);
    }
    writer.bytes
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

/// Encodes repeated bytes in runs of maximum length and other bytes one by one.
fn run_lengths(bytes: &[u8]) -> Vec<u8> {
    let runs = bytes.chunk_by(|a, b| a == b).flat_map(|run| run.chunks(128));
    let encoded = runs.flat_map(|run| [if run.len() == 1 { 0 } else { (257 - run.len()) as u8 }, run[0]]);
    encoded.chain([128]).collect()
}

/// LZW of zeros: codes for entries that are one byte longer each, until the table is full.
fn lzw_of_zeros(codes: usize) -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u64, 0);
    for number in 0..codes {
        let entries = (258 + number.max(1) - 1).min(4_096);
        let code = if number == 0 { 0 } else { (257 + number).min(4_095) };
        let width = match entries + 1 {
            0..512 => 9,
            512..1_024 => 10,
            1_024..2_048 => 11,
            _ => 12,
        };
        bits = bits << width | code as u64;
        count += width;
        while count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
        bits &= (1 << count) - 1;
    }
    bytes
}

fn find(bytes: &[u8], text: &[u8]) -> usize {
    bytes.windows(text.len()).position(|window| window == text).expect("the text is in the file")
}

// --- Other formats ---

fn mail(fields: &str, rest: &str) -> Vec<u8> {
    format!("From: a@b.c\r\nTo: d@e.f\r\nMIME-Version: 1.0\r\n{fields}{rest}").into_bytes()
}

fn base_64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let encode = |group: &[u8]| {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        [18, 12, 6, 0].map(|shift| char::from(DIGITS[(bits >> shift & 63) as usize]))
    };
    bytes.chunks(3).flat_map(encode).collect()
}

fn text_run(text: &str) -> Vec<u8> {
    format!("<w:document><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:document>").into_bytes()
}

/// A ZIP archive of these files.
fn word(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let packed = raw_deflate(content);
        let mut fields = [20_u16, 0, 8, 0, 0, 0, 0].map(u16::to_le_bytes).concat();
        fields.extend((packed.len() as u32).to_le_bytes());
        fields.extend((content.len() as u32).to_le_bytes());
        fields.extend((name.len() as u16).to_le_bytes());
        fields.extend([0, 0]);
        directory.extend(
            [&b"PK\x01\x02\x14\0"[..], &fields, &[0; 10], &(out.len() as u32).to_le_bytes(), name.as_bytes()].concat(),
        );
        out.extend([&b"PK\x03\x04"[..], &fields, name.as_bytes(), &packed].concat());
    }
    let (offset, size) = (out.len() as u32, directory.len() as u32);
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([(files.len() as u16).to_le_bytes(); 2].concat());
    out.extend(size.to_le_bytes());
    out.extend(offset.to_le_bytes());
    out.extend([0, 0]);
    out
}
