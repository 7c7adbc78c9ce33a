export const documents = async () => []
