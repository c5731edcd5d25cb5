/**
 * Characters of JSON, escapes included, that an error's message may take. Step Functions keeps 32,768 characters of an error: the JSON of
 * its name, its message and its stack. The entry of the functions sends no stack, so the message is in it once; what is longer would be
 * cut in the middle of the JSON, and no longer be JSON.
 * https://docs.aws.amazon.com/step-functions/latest/apireference/API_LambdaFunctionFailedEventDetails.html
 */
export const MOST_MESSAGE_JSON = 30_000;
