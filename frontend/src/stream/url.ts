export const STREAM_URL = "/api/v1/stream?events=risk,alert,status";
