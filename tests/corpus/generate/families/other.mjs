// None of the kinds above: a classifier should leave these alone.

import { heading, lines, list, pairs, paragraph, table, title } from '../lib/blocks.mjs'
import { write } from '../lib/write.mjs'

const OTHERS = [
  {
    file: 'html/recipe-barley-soup-en.html', language: 'en', title: 'Barley and leek soup',
    blocks: [title('Barley and leek soup'), paragraph('A soup for a wet evening. It keeps for three days and is better on the second.'), pairs([['Serves', 'four'], ['Takes', 'one hour']]),
      heading('You need'), list(['120 g pearl barley', '3 leeks, washed and sliced', '2 carrots, diced', '1.2 litres vegetable stock', 'a bay leaf, salt, black pepper', 'a spoonful of butter']),
      heading('Method'), list(['Soften the leeks and carrots in the butter, slowly, with the lid on.', 'Add the barley and stir until it smells of nuts.', 'Pour in the stock, add the bay leaf and simmer for forty minutes.', 'Season at the end: barley drinks salt.'], true)],
  },
  {
    file: 'md/recette-clafoutis-fr.md', language: 'fr', title: 'Clafoutis aux mirabelles',
    blocks: [title('Clafoutis aux mirabelles'), heading('Ingrédients'), list(['500 g de mirabelles', '3 œufs', '100 g de sucre', '80 g de farine', '25 cl de lait', 'une pincée de sel']), heading('Préparation'),
      list(['Préchauffez le four à 180 °C et beurrez un plat.', 'Disposez les mirabelles, entières ou dénoyautées.', 'Fouettez les œufs et le sucre, ajoutez la farine puis le lait.', 'Versez sur les fruits et laissez cuire quarante minutes.'], true), paragraph('Se mange tiède, le jour même.', 'italic')],
  },
  {
    file: 'txt/poem-en.txt', language: 'en', title: 'The Ferry Clock',
    blocks: [title('The Ferry Clock'), lines(['The ferry clock is seven minutes slow,', 'and nobody has set it since the war.', 'The ropes are cast, the lamps begin to glow,', 'and still it says there is an hour more.']), lines(['I like a thing that will not be corrected,', 'that keeps its own account of where we are:', 'the tide comes in exactly as expected,', 'the town across the water seems as far,']), lines(['and in between, the gulls, the diesel cough,', 'the child who counts the pilings, one by one,', 'until the gap is wide, and we are off', 'on time that was already spent, and gone.'])],
  },
  {
    file: 'txt/chess-game-en.txt', language: 'en', title: 'Club championship, round 4',
    blocks: [lines(['[Event "Harbour Club Championship"]', '[Site "Whitby"]', '[Date "2026.01.27"]', '[Round "4"]', '[White "Aske, Rosalind"]', '[Black "Tolland, Piers"]', '[Result "1-0"]']),
      paragraph('1. e4 e5 2. Nf3 Nc6 3. Bc4 Bc5 4. c3 Nf6 5. d4 exd4 6. cxd4 Bb4+ 7. Nc3 Nxe4 8. O-O Bxc3 9. d5 Bf6 10. Re1 Ne7 11. Rxe4 d6 12. Bg5 Bxg5 13. Nxg5 O-O 14. Nxh7 Kxh7 15. Qh5+ Kg8 16. Rh4 f5 17. Qh7+ Kf7 18. Rh6 Rg8 19. Re1 Kf8 20. Rh3 1-0')],
  },
  {
    file: 'html/wetterbericht-de.html', language: 'de', title: 'Wetter für Nordhessen',
    blocks: [title('Wetter für Nordhessen, Donnerstag, 19. November 2026'), paragraph('Am Vormittag hält sich in den Tälern zäher Nebel, auf den Höhen scheint die Sonne. Nachmittags ziehen von Westen Wolken auf, gegen Abend fällt leichter Regen.'),
      table([{ title: 'Ort', width: 2 }, { title: 'Früh', width: 1, align: 'right' }, { title: 'Mittag', width: 1, align: 'right' }, { title: 'Abend', width: 1, align: 'right' }], [['Kassel', '2 °C', '7 °C', '6 °C'], ['Hoher Habichtswald', '4 °C', '9 °C', '5 °C'], ['Fritzlar', '0 °C', '6 °C', '6 °C']]), paragraph('Weitere Aussichten: am Freitag unbeständig, am Wochenende kühler, ab 500 m erste Flocken.')],
  },
  {
    file: 'pdf/weather-report-en.pdf', language: 'en', title: 'Coastal weather bulletin',
    blocks: [title('Coastal weather bulletin'), paragraph('Issued 18 September 2026 at 0500. Valid until 0500 on the following day.', 'italic'), heading('General situation'), paragraph('A low west of Ireland, 992 millibars, moves slowly north-east and fills. A ridge follows from the south by evening.'),
      heading('Sea areas'), table([{ title: 'Area', width: 2 }, { title: 'Wind', width: 4 }, { title: 'Sea state', width: 3 }, { title: 'Visibility', width: 2 }], [['Northern', 'South-westerly 5 to 7, easing 4 later', 'Rough, becoming moderate', 'Good'], ['Eastern', 'Southerly 4 or 5', 'Moderate', 'Good, poor in rain'], ['Southern', 'Variable 3 or less', 'Slight', 'Moderate, fog patches']], 'grid'), heading('Outlook'), paragraph('Settled for two days, then a new front from the west with gales possible in the northern area.')],
  },
  {
    file: 'pdf/cuento-es.pdf', language: 'es', title: 'El farolero',
    blocks: [title('El farolero'), paragraph('Había en el pueblo un farolero que encendía las luces aunque ya nadie se las pidiera. Cada tarde sacaba la escalera, subía los once peldaños y esperaba a que la llama dejara de temblar.'), paragraph('Cuando llegó la electricidad, el alcalde le dijo que podía descansar. El farolero dio las gracias y, a la tarde siguiente, salió con la escalera al hombro. —Es por las polillas —explicó—. Ellas no han leído el bando.')],
    look: { font: 'embedded-serif', size: 12, justified: true },
  },
]

export async function documents() {
  const made = []
  for (const { file, language, title, blocks, look } of OTHERS) made.push(await write({ file, type: 'none', language, title }, blocks, { date: '2026-09-18', ...look }))
  return made
}
